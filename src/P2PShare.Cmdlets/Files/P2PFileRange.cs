using P2PShare.Transfer.Downloading;

namespace P2PShare;

/// <summary>A range of a group's file, as Compare-P2PFile -Detailed lists it.</summary>
public sealed class P2PFileRange
{
    internal P2PFileRange(ComparedRange range)
    {
        Offset = range.Offset;
        Length = range.Length;
        Kind = range.Kind switch
        {
            ComparedKind.Equal => P2PRangeKind.Equal,
            ComparedKind.Moved => P2PRangeKind.Moved,
            ComparedKind.Zero => P2PRangeKind.Zero,
            _ => P2PRangeKind.ToFetch,
        };
        SourcePath = range.Path;
        SourceOffset = range.Path is null ? null : range.PathOffset;
    }

    /// <summary>In the group's file, in bytes.</summary>
    public long Offset { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    public P2PRangeKind Kind { get; }

    /// <summary>Full path of the local file that has the bytes; null if they are zeros or have to be fetched.</summary>
    public string? SourcePath { get; }

    /// <summary>In that file, in bytes; null if there is none.</summary>
    public long? SourceOffset { get; }

    public override string ToString() => $"{Offset}+{Length}: {Kind}";
}
