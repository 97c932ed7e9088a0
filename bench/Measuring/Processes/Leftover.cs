namespace P2PShare.Bench.Measuring.Processes;

/// <summary>What a benchmark would leave behind if it was killed.</summary>
internal enum Leftover
{
    /// <summary>A process, by its id.</summary>
    Process,

    /// <summary>A folder, by its path.</summary>
    Folder,

    /// <summary>A network namespace, by its name.</summary>
    Namespace,
}
