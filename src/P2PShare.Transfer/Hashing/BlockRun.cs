using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Hashing;

/// <summary>Neighbouring blocks that are all zeros, or of which none is.</summary>
internal static class BlockRun
{
    /// <param name="data">Not empty; begins with a block, and the last one may be shorter.</param>
    /// <param name="isZero">Whether the first block is zeros.</param>
    /// <returns>Bytes in the blocks from the first one on that are like it.</returns>
    public static int Measure(ReadOnlySpan<byte> data, out bool isZero)
    {
        isZero = IsZero(data, 0);
        var end = PieceLength.Block;
        while (end < data.Length && IsZero(data, end) == isZero)
        {
            end += PieceLength.Block;
        }

        return Math.Min(end, data.Length);
    }

    // Of nearly all blocks that are not, the first byte shows it.
    private static bool IsZero(ReadOnlySpan<byte> data, int begin) =>
        !data[begin..Math.Min(begin + PieceLength.Block, data.Length)].ContainsAnyExcept((byte)0);
}
