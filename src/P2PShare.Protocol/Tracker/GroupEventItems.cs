namespace P2PShare.Protocol.Tracker;

/// <summary>What a stream of server-sent events bears beside the events of groups, whose types are <see cref="GroupEventKind"/>.</summary>
public static class GroupEventItems
{
    /// <summary>The first item: from here on nothing is missed. Its id is what a stream resumes after that gets nothing else.</summary>
    public const string Ready = "ready";

    /// <summary>Sent when nothing else was for <see cref="HeartbeatInterval"/>.</summary>
    public const string Heartbeat = "heartbeat";

    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);

    /// <summary>A stream that is silent for so long is lost.</summary>
    public static readonly TimeSpan LongestSilence = HeartbeatInterval * 3;
}
