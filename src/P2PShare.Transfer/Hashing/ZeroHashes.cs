using System.Numerics;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Hashing;

/// <summary>
/// The hashes that zero bytes have in the tree of BEP 52. They are not the zero hashes of <see cref="HashTree.PadRoot"/>, which stand for
/// blocks beyond the end of a content.
/// </summary>
public static class ZeroHashes
{
    // As many as HashTree has of pads: 2^40 blocks are more than any content has.
    private static readonly Hash256[] Subtrees = MakeSubtrees();

    /// <summary>The hash of a block of zeros.</summary>
    /// <param name="length">1 to 16,384 bytes: the last block of a content may be shorter.</param>
    public static Hash256 Block(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, PieceLength.Block);
        return length == PieceLength.Block ? Subtrees[0] : Hash256.Compute(new byte[length]);
    }

    /// <summary>Root of a complete tree of 2^<paramref name="height"/> whole blocks of zeros; <paramref name="height"/> from 0 to 40.</summary>
    public static Hash256 Subtree(int height) => Subtrees[height];

    /// <summary>What a piece of a content hashes to if all its bytes are zero.</summary>
    /// <param name="index">A piece that the content has; the last one may be shorter than the others.</param>
    public static Hash256 Piece(ContentDescription content, int index)
    {
        var size = content.PieceSize(index);
        // The only piece of a content has the root of its own blocks (BEP 52).
        return content.PieceCount > 1 ? Root(size, HashTree.Height(content.PieceLength))
            : size <= PieceLength.Block ? Block(size)
            : Root(size, BitOperations.Log2((uint)(size - 1) / PieceLength.Block) + 1);
    }

    // Over a number of bytes, completed to 2^height blocks with the hashes that stand for missing ones.
    private static Hash256 Root(long bytes, int height)
    {
        var full = (long)PieceLength.Block << height;
        if (bytes == full)
        {
            return Subtrees[height];
        }

        if (bytes <= 0)
        {
            return HashTree.PadRoot(height);
        }

        return height == 0
            ? Block((int)bytes)
            : HashTree.Combine(Root(Math.Min(bytes, full / 2), height - 1), Root(bytes - full / 2, height - 1));
    }

    private static Hash256[] MakeSubtrees()
    {
        var roots = new Hash256[41];
        roots[0] = Hash256.Compute(new byte[PieceLength.Block]);
        for (var i = 1; i < roots.Length; i++)
        {
            roots[i] = HashTree.Combine(roots[i - 1], roots[i - 1]);
        }

        return roots;
    }
}
