namespace P2PShare.Bench.Tracker;

/// <summary>What one user does to fill a tracker's memory.</summary>
internal enum MemoryCase
{
    /// <summary>Announces with far more addresses than a peer has.</summary>
    Announces,

    /// <summary>Lists of files that are read a few bytes a second.</summary>
    SlowLists,
}
