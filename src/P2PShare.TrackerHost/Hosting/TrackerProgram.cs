using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Microsoft.Extensions.Hosting.Systemd;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Commands;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>The command line: <c>P2PShare.TrackerHost &lt;tracker_info.txt&gt; &lt;tracker_no&gt; [--validate] [--Tracker:Setting=value …]</c>, and the operator's commands.</summary>
internal static partial class TrackerProgram
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    /// <returns>0 after a signal ended it, 1 if it could not run, 2 if it was called wrongly.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        using var signals = new StopSignals();
        var line = CommandLine.Split(args);
        var root = CreateRoot(signals, line.Settings);
        // An argument that begins with @ is a file's name, and -ab is not -a -b.
        var parsed = root.Parse(line.Words, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors is [var first, ..])
        {
            await error.WriteLineAsync(parsed.CommandResult.Command == root
                ? $"A tracker file and a tracker number were expected.\n{HelpText.Usage}\nP2PShare.TrackerHost --help lists all options and commands."
                : CommandSettings.Wrong(first.Message).Message);
            return WrongUsage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, signals.Stopping);
        }
        catch (OperationCanceledException) when (signals.Stopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (P2PShareException e)
        {
            await error.WriteLineAsync(e.Message);
            return e.Code == ErrorCode.InvalidRequest ? WrongUsage : Failed;
        }
        catch (Exception e)
        {
            await error.WriteLineAsync($"The tracker failed: {e.GetType().Name}: {e.Message}");
            return Failed;
        }
    }

    private static RootCommand CreateRoot(StopSignals signals, string[] settings)
    {
        var info = new Argument<string>("tracker_info.txt") { Description = "A line 'host:port [fingerprint]' for each tracker; '#' starts a comment." };
        var number = new Argument<string>("tracker_no") { Description = "The number of the line to listen on, counted from 1 without comments and empty lines." };
        var validate = new Option<bool>("--validate") { Description = "Changes nothing and starts nothing; reports all that is wrong with the configuration." };
        var root = new RootCommand
        {
            info, number, validate,
            InviteCommand.Create(settings), UninviteCommand.Create(settings), AddUserCommand.Create(settings), PasswordCommand.Create(settings),
            DeleteUserCommand.Create(settings), BackupCommand.Create(settings), CopyCommand.Create(settings), MigrateCommand.Create(settings),
        };
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction(async (parsed, _) =>
        {
            var (path, line) = (parsed.GetRequiredValue(info), parsed.GetRequiredValue(number));
            // The configuration also has settings of the framework, whose names have no colon.
            string[] all = [.. settings, .. parsed.UnmatchedTokens];
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            return parsed.GetValue(validate)
                ? await ValidateCommand.RunAsync(path, line, all, output, error) ? 0 : Failed
                : await ServeAsync(path, line, all, output, error, signals);
        });
        root.Options.OfType<VersionOption>().Single().Action = new PrintAction(() => $"P2PShare.TrackerHost {ProgramVersion.Text}");
        root.Options.OfType<HelpOption>().Single().Action = new PrintAction(() => HelpText.Of(root));
        return root;
    }

    private static async Task<TrackerApplication> StartAsync(
        TrackerAddress address, IConfiguration configuration, LifetimeOptions lifetime, ObservabilityOptions observability, StopSignals signals)
    {
        // The tracker's own log begins when its database is open.
        using var log = LoggerFactory.Create(logging => ConfigureLog(logging, configuration, lifetime, observability));
        var logger = log.CreateLogger<TrackerApplication>();
        return await TrackerApplication.StartAsync(
            address,
            configuration,
            new DatabaseTime(TimeProvider.System),
            builder => ConfigureLog(builder.Logging, builder.Configuration, lifetime, observability),
            sentence => Migrating(logger, sentence),
            signals.Stopping);
    }

    private static async Task<int> ServeAsync(string path, string line, string[] settings, TextWriter output, TextWriter error, StopSignals signals)
    {
        var systemd = new SystemdNotifier();
        var address = TrackerLine.Read(path, line);
        var configuration = TrackerSettings.ReadConfiguration(settings);
        using var options = TrackerSettings.Check(configuration);
        var lifetime = options.GetRequiredService<LifetimeOptions>();
        signals.IgnoresInterrupt = lifetime.StopAtEndOfInput;
        var observability = options.GetRequiredService<ObservabilityOptions>();
        await using var tracker = await StartAsync(address, configuration, lifetime, observability, signals);
        tracker.FingerprintChanged += fingerprint => output.WriteLine($"fingerprint: {fingerprint}");
        await output.WriteLineAsync($"listening: https://{new TrackerAddress(address.Host, tracker.Port).Authority}");
        await output.WriteLineAsync($"fingerprint: {tracker.Fingerprint}");
        await output.FlushAsync();
        systemd.Notify(ServiceState.Ready);
        var failing = tracker.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using (var ending = CancellationTokenSource.CreateLinkedTokenSource(signals.Stopping, failing))
        {
            await WaitForEndAsync(lifetime, ending.Token);
        }

        if (failing.IsCancellationRequested)
        {
            // The host stops when one of its services fails.
            var reason = tracker.Services.GetServices<IHostedService>().OfType<BackgroundService>()
                .Select(service => service.ExecuteTask?.Exception?.GetBaseException()).FirstOrDefault(failure => failure is not null);
            await error.WriteLineAsync($"The tracker failed: {reason?.GetType().Name}: {reason?.Message}");
            return Failed;
        }

        systemd.Notify(ServiceState.Stopping);
        await tracker.DrainAsync(signals.Hurrying).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return 0;
    }

    /// <summary>Waits for a signal, or for the end of standard input if that ends the tracker.</summary>
    private static async Task WaitForEndAsync(LifetimeOptions options, CancellationToken stopping)
    {
        var end = options.StopAtEndOfInput
            ? Console.OpenStandardInput().CopyToAsync(Stream.Null, stopping)
            : Task.Delay(Timeout.Infinite, stopping);
        await end.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void ConfigureLog(ILoggingBuilder logging, IConfiguration configuration, LifetimeOptions lifetime, ObservabilityOptions observability)
    {
        logging.SetMinimumLevel(LogLevel.Warning);
        // Why it cannot start, or ends, is reported once, in a sentence.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        // A person's own tracker in a shell needs no audit.
        logging.AddFilter(Audit.Category, lifetime.StopAtEndOfInput ? LogLevel.None : LogLevel.Information);
        logging.AddConfiguration(configuration.GetSection("Logging"));
        logging.AddLogLines(observability.LogFormat);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sentence}")]
    private static partial void Migrating(ILogger logger, string sentence);

    private sealed class PrintAction(Func<string> text) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(text());
            return 0;
        }
    }
}
