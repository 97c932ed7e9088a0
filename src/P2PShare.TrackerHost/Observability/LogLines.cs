using Microsoft.Extensions.Logging.Console;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Observability;

/// <summary>The log: on standard error, because scripts read the address and the fingerprint from standard output.</summary>
internal static class LogLines
{
    private const string Time = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";

    public static void AddLogLines(this ILoggingBuilder logging, LogFormat format)
    {
        logging.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.FormatterName = format == LogFormat.Json ? ConsoleFormatterNames.Json
                : IsReadByJournal ? ConsoleFormatterNames.Systemd
                : ConsoleFormatterNames.Simple;
        });
        // The scopes are the ids of trace, request and connection, and the request's path.
        logging.Configure(log => log.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        logging.Services.Configure<JsonConsoleFormatterOptions>(json => (json.IncludeScopes, json.UseUtcTimestamp, json.TimestampFormat) = (true, true, Time.TrimEnd()));
        logging.Services.Configure<SimpleConsoleFormatterOptions>(text =>
        {
            (text.IncludeScopes, text.UseUtcTimestamp, text.TimestampFormat) = (true, true, Time);
            text.SingleLine = true;
            text.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        // The journal adds the time itself.
        logging.Services.Configure<ConsoleFormatterOptions>(systemd => systemd.IncludeScopes = true);
    }

    // systemd.exec(5): set when standard output or error is connected to the journal.
    private static bool IsReadByJournal => Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;
}
