using System.Numerics;
using System.Runtime.InteropServices;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Hashing;

/// <summary>
/// The binary SHA-256 tree of BEP 52 over 16 KiB blocks. Leaves beyond the end of the content are zero hashes
/// (not hashes of zeros), so every layer can be completed to a power of two.
/// </summary>
public static class HashTree
{
    // PadRoots[n]: root of a tree of 2^n zero hashes.
    private static readonly Hash256[] PadRoots = MakePadRoots();

    /// <summary>The hash above two others.</summary>
    public static Hash256 Combine(Hash256 left, Hash256 right)
    {
        Span<byte> pair = stackalloc byte[Hash256.Size * 2];
        left.CopyTo(pair);
        right.CopyTo(pair[Hash256.Size..]);
        return Hash256.Compute(pair);
    }

    /// <summary>Root of a complete tree of 2^<paramref name="height"/> zero leaves; <paramref name="height"/> from 0 to 40.</summary>
    public static Hash256 PadRoot(int height) => PadRoots[height];

    /// <summary>Root over <paramref name="layer"/>, completed to a power of two with roots of zero leaves.</summary>
    /// <param name="layer">At least one hash; its contents are overwritten.</param>
    /// <param name="layerHeight">How many levels above the leaves the layer is: 0 for leaves themselves.</param>
    public static Hash256 Root(Span<Hash256> layer, int layerHeight = 0)
    {
        if (layer.IsEmpty)
        {
            throw new ArgumentException("A tree has at least one leaf.", nameof(layer));
        }

        for (var count = layer.Length; count > 1; count = (count + 1) / 2, layerHeight++)
        {
            var last = layer[count - 1];
            Sha256Batch.Hash(MemoryMarshal.AsBytes(layer[..(count / 2 * 2)]), Hash256.Size * 2, layer);
            if (count % 2 == 1)
            {
                layer[count / 2] = Combine(last, PadRoots[layerHeight]);
            }
        }

        return layer[0];
    }

    /// <summary>Root over the leaves of one piece, completed to the piece's full height (BEP 52, "piece layers").</summary>
    /// <param name="leaves">One to <paramref name="pieceLength"/> / 16 KiB hashes; overwritten.</param>
    /// <param name="pieceLength">A valid piece length in bytes.</param>
    public static Hash256 PieceHash(Span<Hash256> leaves, int pieceLength)
    {
        var height = Height(pieceLength);
        var reached = leaves.Length == 1 ? 0 : BitOperations.Log2((uint)leaves.Length - 1) + 1;
        var root = Root(leaves);
        for (; reached < height; reached++)
        {
            root = Combine(root, PadRoots[reached]);
        }

        return root;
    }

    /// <summary>What a piece of a content hashes to. The only piece of a content has the root of its own blocks, not that of a full piece (BEP 52).</summary>
    /// <param name="leaves">One hash for each block of the piece; overwritten.</param>
    public static Hash256 PieceHash(Span<Hash256> leaves, ContentDescription content) =>
        content.PieceCount == 1 ? Root(leaves) : PieceHash(leaves, content.PieceLength);

    /// <summary>The pieces root of a content of one piece.</summary>
    /// <param name="content">1 to 65,536 bytes.</param>
    public static Hash256 ContentRoot(ReadOnlySpan<byte> content)
    {
        Span<Hash256> leaves = stackalloc Hash256[(content.Length + PieceLength.Block - 1) / PieceLength.Block];
        HashBlocks(content, leaves);
        return Root(leaves);
    }

    /// <summary>Levels between the leaves and the piece layer.</summary>
    public static int Height(int pieceLength) => BitOperations.Log2((uint)pieceLength / PieceLength.Block);

    /// <summary>Whether <paramref name="pieceLayer"/> is the layer under <paramref name="piecesRoot"/>.</summary>
    /// <param name="pieceLayer">
    /// One hash for each piece: the caller compares the count with the content's, which the root alone does not tell
    /// (a layer with the roots of missing pieces behind it has the same root). An empty one is under no root.
    /// </param>
    public static bool IsLayerOf(Hash256 piecesRoot, ReadOnlySpan<Hash256> pieceLayer, int pieceLength) =>
        !pieceLayer.IsEmpty && Root(pieceLayer.ToArray(), Height(pieceLength)) == piecesRoot;

    /// <summary>SHA-256 of each block of <paramref name="data"/>, the last of which may be shorter.</summary>
    /// <param name="leaves">Receives one hash a block.</param>
    /// <returns>Number of leaves written.</returns>
    public static int HashBlocks(ReadOnlySpan<byte> data, Span<Hash256> leaves)
    {
        var whole = data.Length / PieceLength.Block;
        Sha256Batch.Hash(data[..(whole * PieceLength.Block)], PieceLength.Block, leaves);
        var rest = data[(whole * PieceLength.Block)..];
        if (rest.IsEmpty)
        {
            return whole;
        }

        leaves[whole] = Hash256.Compute(rest);
        return whole + 1;
    }

    private static Hash256[] MakePadRoots()
    {
        var roots = new Hash256[41];
        for (var i = 1; i < roots.Length; i++)
        {
            roots[i] = Combine(roots[i - 1], roots[i - 1]);
        }

        return roots;
    }
}
