using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Chunking;

/// <summary>
/// What of a content local files seemed to have when they were searched. They may have changed since, and the map may have been wrong: what
/// is read by it counts only once its hash was checked against the pieces root.
/// </summary>
internal sealed class LocalCoverage
{
    private readonly long _size;

    /// <param name="size">Bytes of the content.</param>
    /// <param name="files">The files that were searched.</param>
    /// <param name="ranges">In order, none over another.</param>
    public LocalCoverage(long size, IReadOnlyList<ReuseFile> files, IReadOnlyList<LocalRange> ranges)
    {
        (_size, Files, Ranges) = (size, files, ranges);
        Leaves = new Bitfield(PieceLength.Count(size, PieceLength.Block));
        MarkLeaves();
    }

    public IReadOnlyList<ReuseFile> Files { get; }

    /// <summary>In order, none over another.</summary>
    public IReadOnlyList<LocalRange> Ranges { get; }

    /// <summary>The blocks of 16 KiB of which every byte is there.</summary>
    public Bitfield Leaves { get; }

    /// <summary>The range that has a byte of the content, or the first one behind it.</summary>
    /// <returns>The number of ranges if there is none.</returns>
    public int FindRange(long offset)
    {
        var (low, high) = (0, Ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Ranges[middle].End <= offset ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void MarkLeaves()
    {
        for (var first = 0; first < Ranges.Count;)
        {
            // Ranges of different files may be beside each other in the content.
            var behind = first + 1;
            while (behind < Ranges.Count && Ranges[behind].Offset == Ranges[behind - 1].End)
            {
                behind++;
            }

            var end = Ranges[behind - 1].End;
            var leaf = (int)((Ranges[first].Offset + PieceLength.Block - 1) / PieceLength.Block);
            for (; leaf < Leaves.Length && Math.Min(_size, (leaf + 1L) * PieceLength.Block) <= end; leaf++)
            {
                Leaves.Set(leaf);
            }

            first = behind;
        }
    }
}
