using Microsoft.Extensions.Logging;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>What the tracker client logs. Each warning is a sentence for a person.</summary>
internal static partial class TrackerLog
{
    /// <param name="reason">A sentence that names the tracker.</param>
    [LoggerMessage(EventId = 100, Level = LogLevel.Warning, Message = "Another tracker is used instead. {Reason}")]
    public static partial void TrackerSkipped(ILogger logger, string reason);

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message = "The tracker {Tracker} is used from now on.")]
    public static partial void TrackerChanged(ILogger logger, string tracker);

    [LoggerMessage(EventId = 130, Level = LogLevel.Warning, Message = "The tracker {Tracker} is reached through the proxy {Proxy} and sees the proxy's address: peers outside of this network cannot connect to this one, which serves them over the connections that it opens itself.")]
    public static partial void ProxyUsed(ILogger logger, string tracker, string proxy);

    /// <param name="reason">A sentence that names the tracker.</param>
    [LoggerMessage(EventId = 102, Level = LogLevel.Warning, Message = "What is shared here could not be announced to the tracker; that is repeated until it succeeds. {Reason}")]
    public static partial void AnnounceFailed(ILogger logger, string reason);

    [LoggerMessage(EventId = 103, Level = LogLevel.Debug, Message = "Announced {Held} contents and withdrew {Withdrawn}. The next heartbeat is due within {IntervalSeconds} seconds.")]
    public static partial void Announced(ILogger logger, int held, int withdrawn, int intervalSeconds);

    [LoggerMessage(EventId = 104, Level = LogLevel.Debug, Message = "The stream of events ended or was lost; it is opened again in {Delay}.")]
    public static partial void EventStreamLost(ILogger logger, TimeSpan delay);
}
