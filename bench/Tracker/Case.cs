namespace P2PShare.Bench.Tracker;

/// <summary>What is asked of a tracker.</summary>
internal enum Case
{
    /// <summary>A peer says that it is still there.</summary>
    Announce,

    /// <summary>A peer comes online and says what it has.</summary>
    FullAnnounce,

    /// <summary>Who has a content, and a ticket for it.</summary>
    Sources,

    /// <summary>The hundred files of a group.</summary>
    Files,

    /// <summary>A new group: a write that is durable when it is answered.</summary>
    Write,

    /// <summary>A login, whose password is hashed.</summary>
    Login,
}
