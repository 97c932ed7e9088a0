using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting.Systemd;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>The command line: <c>P2PShare.TrackerHost &lt;tracker_info.txt&gt; &lt;tracker_no&gt; [--validate] [--Tracker:Setting=value …]</c>.</summary>
internal static class TrackerProgram
{
    private const int Failed = 1;
    private const int WrongUsage = 2;
    private const string Validate = "--validate";

    private const string Usage = $"""
        Usage: P2PShare.TrackerHost <tracker_info.txt> <tracker_no> [--Tracker:Setting=value ...]
               P2PShare.TrackerHost <tracker_info.txt> <tracker_no> --validate [--Tracker:Setting=value ...]
               P2PShare.TrackerHost --version

          <tracker_info.txt>  a line 'host:port [fingerprint]' for each tracker; '#' starts a comment
          <tracker_no>        the number of the line to listen on, counted from 1 without comments and empty lines
          --validate          changes nothing and starts nothing; says all that is wrong with the configuration

        Settings, such as --Tracker:DataPath=/var/lib/p2pshare, also come from appsettings.json in the current
        folder and from the environment (Tracker__DataPath). With --Tracker:Database=postgres the tracker keeps what it
        knows in the PostgreSQL database of ConnectionStrings:Tracker; as that has a password, give it in the
        environment (ConnectionStrings__Tracker) or in appsettings.json.

        {AccountCommands.Usage}
        {DatabaseCommands.Usage}
        """;

    /// <returns>0 after a signal ended it, 1 where it could not run, 2 where it was called wrongly.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        if (args is ["-h" or "--help" or "-?" or "/?", ..])
        {
            await output.WriteLineAsync(Usage);
            return 0;
        }

        if (args is ["--version"])
        {
            await output.WriteLineAsync($"P2PShare.TrackerHost {ProgramVersion.Text}");
            return 0;
        }

        if (!IsCommand(args) && (args.Length < 2 || args[0].StartsWith("--", StringComparison.Ordinal) || args[1].StartsWith("--", StringComparison.Ordinal)))
        {
            await error.WriteLineAsync("A tracker file and a tracker number were expected.\n" + Usage);
            return WrongUsage;
        }

        string[] rest = IsCommand(args) ? [] : [.. args[2..].Where(argument => argument != Validate)];
        if (!IsCommand(args) && rest.Length < args.Length - 2)
        {
            return await Validation.RunAsync(args[0], args[1], rest, output, error) ? 0 : Failed;
        }

        using var stopping = new CancellationTokenSource();
        using var leaving = new CancellationTokenSource();
        var systemd = new SystemdNotifier();
        var tied = false;
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            // The second one does not wait for balancers.
            (stopping.IsCancellationRequested ? leaving : stopping).Cancel();
        }

        void Interrupt(PosixSignalContext context)
        {
            // A terminal sends Ctrl+C to all that it started; what is tied to its input ends with whoever holds that.
            if (!tied)
            {
                Stop(context);
            }

            context.Cancel = true;
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            if (DatabaseCommands.Knows(args))
            {
                await DatabaseCommands.RunAsync(args, output, stopping.Token);
                return 0;
            }

            if (AccountCommands.Knows(args))
            {
                await AccountCommands.RunAsync(args, Console.In, output, error, stopping.Token);
                return 0;
            }

            var address = PickLine(args[0], args[1]);
            var configuration = TrackerSettings.ReadConfiguration(rest);
            var options = TrackerSettings.Read(configuration);
            tied = options.StopAtEndOfInput;
            options.Host = address.Host;
            options.Port = address.Port;
            await using var tracker = await TrackerApplication.StartAsync(
                options, TimeProvider.System, builder => Configure(builder, configuration, options), stopping.Token);
            tracker.FingerprintChanged += fingerprint => output.WriteLine($"fingerprint: {fingerprint}");
            await output.WriteLineAsync($"listening: https://{new TrackerAddress(address.Host, tracker.Port).Authority}");
            await output.WriteLineAsync($"fingerprint: {tracker.Fingerprint}");
            await output.FlushAsync();
            systemd.Notify(ServiceState.Ready);
            var failing = tracker.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
            using (var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, failing))
            {
                await WaitForEndAsync(options, ending.Token);
            }

            if (failing.IsCancellationRequested)
            {
                // The host stops where one of its services fails.
                var reason = tracker.Services.GetServices<IHostedService>().OfType<BackgroundService>()
                    .Select(service => service.ExecuteTask?.Exception?.GetBaseException()).FirstOrDefault(failure => failure is not null);
                await error.WriteLineAsync($"The tracker failed: {reason?.GetType().Name}: {reason?.Message}");
                return Failed;
            }

            systemd.Notify(ServiceState.Stopping);
            await DrainAsync(tracker, leaving.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
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

    private static bool IsCommand(string[] args) => AccountCommands.Knows(args) || DatabaseCommands.Knows(args);

    /// <exception cref="P2PShareException">The file cannot be read, or has no such line.</exception>
    public static TrackerAddress PickLine(string path, string number)
    {
        var lines = TrackerInfo.Load(path);
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var line) && line >= 1 && line <= lines.Count
            ? lines[line - 1]
            : throw new P2PShareException(
                ErrorCode.InvalidRequest,
                $"'{PrintableCharacter.Clean(number)}' is not the number of a tracker in '{path}': {(lines.Count == 1 ? "1" : $"1 to {lines.Count}")} was expected.");
    }

    /// <summary>Returns at a signal, or where its standard input is its life, at the end of that.</summary>
    private static async Task WaitForEndAsync(TrackerOptions options, CancellationToken stopping)
    {
        try
        {
            await (options.StopAtEndOfInput
                ? Console.OpenStandardInput().CopyToAsync(Stream.Null, stopping)
                : Task.Delay(Timeout.Infinite, stopping));
        }
        catch (OperationCanceledException)
        {
            // A signal.
        }
    }

    private static async Task DrainAsync(TrackerApplication tracker, CancellationToken cancellationToken)
    {
        try
        {
            await tracker.DrainAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // A second signal.
        }
    }

    private static void Configure(WebApplicationBuilder builder, IConfigurationRoot configuration, TrackerOptions options)
    {
        builder.Configuration.AddConfiguration(configuration);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        // Why it cannot start, or ends, is said once, in a sentence.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        // Of a person's own tracker, in a shell, nobody has to give account.
        builder.Logging.AddFilter(Audit.Category, options.StopAtEndOfInput ? LogLevel.None : LogLevel.Information);
        builder.Logging.AddConfiguration(configuration.GetSection("Logging"));
        builder.Logging.AddLogLines(options.LogFormat);
    }
}
