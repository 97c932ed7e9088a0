namespace P2PShare.Transfer.Downloading;

/// <summary>What a download of a content would take from local files, and what it would fetch. The four numbers of bytes add up to the content's size.</summary>
/// <param name="BytesEqual">Bytes that the local file has at the same offset.</param>
/// <param name="BytesMoved">Bytes that it has at another offset, or another local file has.</param>
/// <param name="BytesZero">Bytes of zeros that are known from the hash tree, wherever else they may be.</param>
/// <param name="BytesToFetch">Bytes that peers would have to send.</param>
public sealed record ContentComparison(long BytesEqual, long BytesMoved, long BytesZero, long BytesToFetch)
{
    /// <summary>Most ranges that a comparison keeps: about 10 MB.</summary>
    public const int MaxRanges = 100_000;

    /// <summary>The ranges of the content in order, without gaps; empty if they were not asked for.</summary>
    public IReadOnlyList<ComparedRange> Ranges { get; init; } = [];

    /// <summary>Whether there are more ranges behind the last one of <see cref="Ranges"/>.</summary>
    public bool IsCut { get; init; }

    /// <summary>Whether the local file is the content.</summary>
    public bool IsIdentical { get; init; }

    /// <summary>Whether this peer offers the whole content from another file, so that a download would copy it.</summary>
    public bool IsCopy { get; init; }

    /// <summary>Bytes of hashes and of the chunk map that peers sent for this comparison.</summary>
    public long BytesReceived { get; init; }
}
