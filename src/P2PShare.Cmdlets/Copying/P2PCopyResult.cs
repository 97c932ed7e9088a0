namespace P2PShare;

/// <summary>What became of a copy to, or from, one session.</summary>
public sealed class P2PCopyResult
{
    /// <summary>The session's computer; with the session's name if several sessions are on one.</summary>
    public required string Target { get; init; }

    public required P2PCopyState State { get; init; }

    /// <summary>Bytes of the files that arrived.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes that came from other targets, and not from the sender.</summary>
    public long BytesFromPeers { get; init; }

    /// <summary>Bytes that the target had already, in files that were replaced or in parts of an earlier copy, and zeros that were not sent.</summary>
    public long BytesReused { get; init; }

    /// <summary>From the beginning of the copy until this target had all.</summary>
    public double Seconds { get; init; }

    /// <summary>Whether every byte was checked against the hash tree of what was sent.</summary>
    public bool Verified { get; init; }

    /// <summary>Why it failed; null if it did not.</summary>
    public string? Error { get; init; }

    /// <summary>What went wrong on this machine, if it was nothing that is expected to: the inner exception of the target's error.</summary>
    internal Exception? Cause { get; init; }

    public override string ToString() => $"{Target}: {State}";
}
