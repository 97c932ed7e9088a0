namespace P2PShare.Bench.Delta;

/// <summary>
/// What of a new version differs from the old one at the same offset, by leaves of 16 KiB. Compared byte by byte, without anything of the
/// programs that are measured. Where there is no old byte, the leaf is compared with zeros.
/// </summary>
/// <param name="Leaves">Bytes of the leaves that differ; the last leaf of a file may be shorter.</param>
/// <param name="ZeroLeaves">Bytes of those of them that have become zeros.</param>
internal readonly record struct ChangedBytes(long Leaves, long ZeroLeaves)
{
    /// <summary>Bytes of a leaf, the unit of BEP 52.</summary>
    public const int LeafLength = 16 * 1024;

    private const int BufferLength = 64 * LeafLength;

    public static ChangedBytes operator +(ChangedBytes left, ChangedBytes right) => new(left.Leaves + right.Leaves, left.ZeroLeaves + right.ZeroLeaves);

    /// <param name="oldPath">Null: there is no old file.</param>
    public static ChangedBytes Compare(string? oldPath, string newPath, CancellationToken cancellationToken)
    {
        using var oldFile = oldPath is null ? Stream.Null : Open(oldPath);
        using var newFile = Open(newPath);
        var oldBytes = new byte[BufferLength];
        var newBytes = new byte[BufferLength];
        var sum = default(ChangedBytes);
        while (newFile.ReadAtLeast(newBytes, BufferLength, throwOnEndOfStream: false) is var count and > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var had = oldFile.ReadAtLeast(oldBytes, BufferLength, throwOnEndOfStream: false);
            oldBytes.AsSpan(had).Clear();
            for (var start = 0; start < count; start += LeafLength)
            {
                var leaf = newBytes.AsSpan(start, Math.Min(LeafLength, count - start));
                if (!leaf.SequenceEqual(oldBytes.AsSpan(start, leaf.Length)))
                {
                    sum += new ChangedBytes(leaf.Length, leaf.ContainsAnyExcept((byte)0) ? 0 : leaf.Length);
                }
            }
        }

        return sum;
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
}
