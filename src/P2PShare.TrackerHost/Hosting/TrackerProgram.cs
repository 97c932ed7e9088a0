using System.Globalization;
using System.Runtime.InteropServices;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>The command line: <c>P2PShare.TrackerHost &lt;tracker_info.txt&gt; &lt;tracker_no&gt; [--Tracker:Setting=value …]</c>.</summary>
internal static class TrackerProgram
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    private const string Usage = $"""
        Usage: P2PShare.TrackerHost <tracker_info.txt> <tracker_no> [--Tracker:Setting=value ...]

          <tracker_info.txt>  a line 'host:port [fingerprint]' for each tracker; '#' starts a comment
          <tracker_no>        the number of the line to listen on, counted from 1 without comments and empty lines

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

        if (!IsCommand(args) && (args.Length < 2 || args[0].StartsWith("--", StringComparison.Ordinal) || args[1].StartsWith("--", StringComparison.Ordinal)))
        {
            await error.WriteLineAsync("A tracker file and a tracker number were expected.\n" + Usage);
            return WrongUsage;
        }

        using var stopping = new CancellationTokenSource();
        var tied = false;
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
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
            var configuration = ReadConfiguration(args[2..]);
            var options = ReadOptions(configuration);
            tied = options.StopAtEndOfInput;
            options.Host = address.Host;
            options.Port = address.Port;
            await using var tracker = await TrackerApplication.StartAsync(
                options, TimeProvider.System, builder => Configure(builder, configuration, options), stopping.Token);
            await output.WriteLineAsync($"listening: https://{new TrackerAddress(address.Host, tracker.Port).Authority}");
            await output.WriteLineAsync($"fingerprint: {tracker.Fingerprint}");
            await output.FlushAsync();
            if (options.StopAtEndOfInput)
            {
                await Console.OpenStandardInput().CopyToAsync(Stream.Null, stopping.Token);
                return 0;
            }

            await Task.Delay(Timeout.Infinite, stopping.Token);
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

    private static TrackerAddress PickLine(string path, string number)
    {
        var lines = TrackerInfo.Load(path);
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var line) && line >= 1 && line <= lines.Count
            ? lines[line - 1]
            : throw new P2PShareException(
                ErrorCode.InvalidRequest,
                $"'{PrintableCharacter.Clean(number)}' is not the number of a tracker in '{path}': {(lines.Count == 1 ? "1" : $"1 to {lines.Count}")} was expected.");
    }

    internal static IConfigurationRoot ReadConfiguration(string[] args)
    {
        try
        {
            return new ConfigurationBuilder()
                .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true, reloadOnChange: false)
                .AddEnvironmentVariables()
                .AddCommandLine(args)
                .Build();
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            throw new P2PShareException(ErrorCode.InvalidConfiguration, $"The configuration cannot be read: {e.Message} {e.GetBaseException().Message}", e);
        }
    }

    internal static TrackerOptions ReadOptions(IConfigurationRoot configuration)
    {
        var section = configuration.GetSection(TrackerOptions.Section);
        var known = typeof(TrackerOptions).GetProperties().Select(property => property.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (section.GetChildren().FirstOrDefault(child => !known.Contains(child.Key)) is { } unknown)
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"{TrackerOptions.Section}:{PrintableCharacter.Clean(unknown.Key)} is not a setting. The settings are {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
        }

        CheckName<DatabaseKind>(section, nameof(TrackerOptions.Database));
        CheckName<RegistrationMode>(section, nameof(TrackerOptions.Registration));

        var options = new TrackerOptions();
        try
        {
            section.Bind(options);
            options.ConnectionString = configuration.GetConnectionString("Tracker");
            return options;
        }
        catch (InvalidOperationException e)
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration, $"{e.Message.TrimEnd('.')}: {e.GetBaseException().Message}", e);
        }
    }

    private static void CheckName<T>(IConfigurationSection section, string setting)
        where T : struct, Enum
    {
        if (section[setting] is { } name && !Enum.GetNames<T>().Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"{TrackerOptions.Section}:{setting} is '{PrintableCharacter.Clean(name)}': {string.Join(" or ", Enum.GetNames<T>()).ToLowerInvariant()} was expected.");
        }
    }

    private static void Configure(WebApplicationBuilder builder, IConfigurationRoot configuration, TrackerOptions options)
    {
        builder.Configuration.AddConfiguration(configuration);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        // Why it cannot start is said once, in a sentence.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        // Of a person's own tracker, in a shell, nobody has to give account.
        builder.Logging.AddFilter(Audit.Category, options.StopAtEndOfInput ? LogLevel.None : LogLevel.Information);
        builder.Logging.AddConfiguration(configuration.GetSection("Logging"));
        // Standard output carries what scripts read: the address and the fingerprint.
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
