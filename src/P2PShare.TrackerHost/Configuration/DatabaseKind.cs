namespace P2PShare.TrackerHost.Configuration;

/// <summary>The values of <c>Tracker:Database</c>.</summary>
internal enum DatabaseKind
{
    /// <summary>One file in the data folder.</summary>
    Sqlite,

    /// <summary>A server, which several trackers can share.</summary>
    Postgres,
}
