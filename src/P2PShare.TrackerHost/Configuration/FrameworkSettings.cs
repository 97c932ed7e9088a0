using Microsoft.Extensions.Configuration.CommandLine;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>The settings of .NET and of OpenTelemetry that a tracker reads, and what can be wrong with them.</summary>
internal static class FrameworkSettings
{
    private static readonly string[] Sections = [TrackerSettings.Section, "Logging", "ConnectionStrings"];
    private static readonly string[] Signals = ["METRICS", "TRACES", "LOGS"];

    /// <summary>A sentence for each setting on the command line that nothing reads, and for each that has a wrong value.</summary>
    public static IEnumerable<string> FindProblems(IConfiguration configuration) =>
        FindUnknown(configuration).Concat(FindWrongLevels(configuration.GetSection("Logging"))).Concat(FindWrongTelemetry(configuration));

    // The environment has much that is not meant for the tracker; what is on its command line is.
    private static IEnumerable<string> FindUnknown(IConfiguration configuration) => (configuration as IConfigurationRoot)?.Providers
        .OfType<CommandLineConfigurationProvider>()
        .SelectMany(provider => provider.GetChildKeys([], parentPath: null))
        .Distinct(StringComparer.OrdinalIgnoreCase)
        .Where(section => !Sections.Contains(section, StringComparer.OrdinalIgnoreCase) && !section.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase))
        .Select(section => $"'{PrintableCharacter.Clean(section)}' on the command line is not a setting of the tracker: {string.Join(", ", Sections.Select(known => $"{known}:…"))} or OTEL_… was expected.") ?? [];

    private static IEnumerable<string> FindWrongLevels(IConfigurationSection logging) => logging.GetChildren()
        .Where(section => section.Key.Equals("LogLevel", StringComparison.OrdinalIgnoreCase))
        .Concat(logging.GetChildren().Select(provider => provider.GetSection("LogLevel")))
        .SelectMany(levels => levels.AsEnumerable())
        .Where(level => level.Value is not null && !Enum.GetNames<LogLevel>().Contains(level.Value, StringComparer.OrdinalIgnoreCase))
        .Select(level => $"{level.Key} is '{PrintableCharacter.Clean(level.Value)}': one of {string.Join(", ", Enum.GetNames<LogLevel>())} was expected.");

    // OpenTelemetry's own SDK ignores what it cannot read.
    private static IEnumerable<string> FindWrongTelemetry(IConfiguration configuration)
    {
        foreach (var name in Signals.Select(signal => $"OTEL_EXPORTER_OTLP_{signal}_").Prepend("OTEL_EXPORTER_OTLP_"))
        {
            if (Get($"{name}ENDPOINT") is { } address && !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            {
                yield return $"{name}ENDPOINT is '{PrintableCharacter.Clean(address)}': an address that begins with http:// or https:// was expected.";
            }

            if (Get($"{name}PROTOCOL") is { } protocol and not ("grpc" or "http/protobuf"))
            {
                yield return $"{name}PROTOCOL is '{PrintableCharacter.Clean(protocol)}': grpc or http/protobuf was expected.";
            }
        }

        foreach (var name in Signals.Select(signal => $"OTEL_{signal}_EXPORTER"))
        {
            if (Get(name) is { } exporter and not ("otlp" or "none"))
            {
                yield return $"{name} is '{PrintableCharacter.Clean(exporter)}': otlp or none was expected.";
            }
        }

        foreach (var name in new[] { "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY" })
        {
            if (Get(name) is { } time && !(int.TryParse(time, out var milliseconds) && milliseconds > 0))
            {
                yield return $"{name} is '{PrintableCharacter.Clean(time)}': a number of milliseconds was expected.";
            }
        }

        string? Get(string name) => configuration[name] is { Length: > 0 } value ? value : null;
    }
}
