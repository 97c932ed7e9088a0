namespace P2PShare.Bench.Tracker;

/// <summary>The requests that a tracker is measured with.</summary>
internal enum Case
{
    /// <summary>A heartbeat: an announce that changes nothing.</summary>
    Announce,

    /// <summary>The announce of a peer that comes online, with its holdings.</summary>
    FullAnnounce,

    /// <summary>The sources of a content, and a ticket for it.</summary>
    Sources,

    /// <summary>The hundred files of a group.</summary>
    Files,

    /// <summary>The same list, which the client has: the tracker answers 304.</summary>
    UnchangedFiles,

    /// <summary>A new group: a write that is durable when it is answered.</summary>
    Write,

    /// <summary>A login, whose password is hashed.</summary>
    Login,

    /// <summary>A request that a source dials, until it arrives at the source's stream, while many peers have one open.</summary>
    DialStreams,
}
