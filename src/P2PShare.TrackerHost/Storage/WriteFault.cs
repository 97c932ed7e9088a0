namespace P2PShare.TrackerHost.Storage;

/// <summary>Whom an exception in a batch of writes is about.</summary>
internal enum WriteFault
{
    /// <summary>One write alone; the rest of the batch continues.</summary>
    OneWrite,

    /// <summary>The database, or the connection to it, is gone for now.</summary>
    Unavailable,

    /// <summary>A statement took longer than its time-out, or waited as long for a lock: the database answers, and has undone the statement.</summary>
    TimedOut,

    /// <summary>The transaction was the victim of another one and would succeed when tried again.</summary>
    Conflict,

    /// <summary>There was no room on the database's disk: nothing of the transaction counts.</summary>
    Full,
}
