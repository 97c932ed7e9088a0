namespace P2PShare;

/// <summary>What became of a target of a copy.</summary>
public enum P2PCopyState
{
    /// <summary>It has all files, and each was verified.</summary>
    Completed,

    /// <summary>It lacks files; the error says why.</summary>
    Failed,
}
