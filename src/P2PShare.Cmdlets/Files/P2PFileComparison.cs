using P2PShare.Transfer.Downloading;

namespace P2PShare;

/// <summary>How much of a group's file local files have. The four numbers of bytes add up to Size.</summary>
public sealed class P2PFileComparison
{
    internal P2PFileComparison(P2PFile file, string path, ContentComparison comparison, bool isDetailed)
    {
        Group = file.Group;
        Name = file.Name;
        Path = path;
        Size = file.Size;
        BytesEqual = comparison.BytesEqual;
        BytesMoved = comparison.BytesMoved;
        BytesZero = comparison.BytesZero;
        BytesToFetch = comparison.BytesToFetch;
        BytesReceived = comparison.BytesReceived;
        Method = comparison.IsIdentical || file.Size == 0 ? P2PComparisonMethod.None
            : comparison.IsCopy ? P2PComparisonMethod.Copy
            : comparison.BytesMoved > 0 ? P2PComparisonMethod.Chunks
            : comparison.BytesEqual > 0 ? P2PComparisonMethod.SameOffset
            : P2PComparisonMethod.Whole;
        // An array: PowerShell indexes no other list that is read only.
        Ranges = isDetailed ? comparison.Ranges.Select(range => new P2PFileRange(range)).ToArray() : null;
        RangesTruncated = comparison.IsCut;
    }

    public string Group { get; }

    /// <summary>The file's name in the group.</summary>
    public string Name { get; }

    /// <summary>Full path of the local file, which need not exist.</summary>
    public string Path { get; }

    public P2PComparisonMethod Method { get; }

    /// <summary>Bytes of the group's file.</summary>
    public long Size { get; }

    /// <summary>Bytes that the local file has at the same offset.</summary>
    public long BytesEqual { get; }

    /// <summary>Bytes that it has at another offset, or another local file has.</summary>
    public long BytesMoved { get; }

    /// <summary>Bytes of zeros that are not sent, wherever else they may be.</summary>
    public long BytesZero { get; }

    /// <summary>Bytes that would have to be fetched.</summary>
    public long BytesToFetch { get; }

    /// <summary>Bytes of hashes and of the chunk map that peers sent for this comparison; 0 if none was asked.</summary>
    public long BytesReceived { get; }

    /// <summary>The ranges of the group's file in order, without gaps; null unless -Detailed is given.</summary>
    public IReadOnlyList<P2PFileRange>? Ranges { get; }

    /// <summary>Whether there are more ranges than Ranges has.</summary>
    public bool RangesTruncated { get; }

    public override string ToString() => $"{Path}: {BytesToFetch} of {Size} bytes to fetch";
}
