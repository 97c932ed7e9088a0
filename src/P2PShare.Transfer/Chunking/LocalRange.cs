namespace P2PShare.Transfer.Chunking;

/// <summary>A range of a content whose bytes a local file seemed to have.</summary>
/// <param name="Offset">In the content, in bytes.</param>
/// <param name="Length">Bytes.</param>
/// <param name="File">Number of the file, from 0, in the list that was searched.</param>
/// <param name="FileOffset">In the file, in bytes.</param>
internal readonly record struct LocalRange(long Offset, long Length, int File, long FileOffset)
{
    /// <summary>Behind the last byte, in the content.</summary>
    public long End => Offset + Length;
}
