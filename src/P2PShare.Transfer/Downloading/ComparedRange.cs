namespace P2PShare.Transfer.Downloading;

/// <summary>A range of a content that was compared with local files.</summary>
/// <param name="Offset">In the content, in bytes.</param>
/// <param name="Length">Bytes; at least 1.</param>
/// <param name="Path">Full path of the local file that has the bytes; null if none has or they are zeros.</param>
/// <param name="PathOffset">In that file, in bytes.</param>
public readonly record struct ComparedRange(long Offset, long Length, ComparedKind Kind, string? Path = null, long PathOffset = 0)
{
    /// <summary>Behind the last byte.</summary>
    internal long End => Offset + Length;

    /// <summary>Whether another range continues this one: it follows in the content and, if a file has the bytes, in that file.</summary>
    internal bool IsContinuedBy(ComparedRange next) =>
        next.Offset == End && next.Kind == Kind && next.Path == Path && (Path is null || next.PathOffset == PathOffset + Length);
}
