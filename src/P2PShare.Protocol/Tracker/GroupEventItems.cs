namespace P2PShare.Protocol.Tracker;

/// <summary>Items of a stream of server-sent events besides the events of groups, whose types are <see cref="GroupEventKind"/>.</summary>
public static class GroupEventItems
{
    /// <summary>The first item: nothing after it is missed. A stream that receives nothing else resumes after its id.</summary>
    public const string Ready = "ready";

    /// <summary>Sent when nothing else was sent for <see cref="HeartbeatInterval"/>.</summary>
    public const string Heartbeat = "heartbeat";

    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);

    /// <summary>A stream that is silent for this long is lost.</summary>
    public static readonly TimeSpan LongestSilence = HeartbeatInterval * 3;
}
