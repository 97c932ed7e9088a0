using System.Numerics;
using System.Runtime.InteropServices;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Hashing;

/// <summary>
/// The tree of BEP 52 below one hash of the piece layer, with all its layers, and where its nodes are in the layers of the whole
/// content. The only piece of a content has the tree of its own blocks. Nodes beyond the last block are not kept: they are
/// <see cref="HashTree.PadRoot"/>.
/// </summary>
internal sealed class PieceTree
{
    private readonly Hash256[][] _layers;

    /// <param name="leaves">One hash for each block of the piece.</param>
    /// <param name="height">From <see cref="HeightOf"/>.</param>
    public PieceTree(ReadOnlySpan<Hash256> leaves, int height)
    {
        _layers = new Hash256[height + 1][];
        _layers[0] = leaves.ToArray();
        for (var level = 0; level < height; level++)
        {
            _layers[level + 1] = MakeParents(_layers[level], level);
        }
    }

    public int Height => _layers.Length - 1;

    public int LeafCount => _layers[0].Length;

    /// <summary>The piece's hash.</summary>
    public Hash256 Root => _layers[^1][0];

    /// <summary>Bytes of memory for its hashes.</summary>
    public int Size => 2 * LeafCount * Hash256.Size;

    /// <summary>The nodes <paramref name="height"/> levels above the leaves; the leaves for 0.</summary>
    public ReadOnlySpan<Hash256> Layer(int height) => _layers[height];

    /// <summary>The nodes above others.</summary>
    /// <param name="nodes">At least one; an odd number is completed with a node beyond the last block.</param>
    /// <param name="height">Of <paramref name="nodes"/>.</param>
    public static Hash256[] MakeParents(ReadOnlySpan<Hash256> nodes, int height)
    {
        var parents = new Hash256[(nodes.Length + 1) / 2];
        Sha256Batch.Hash(MemoryMarshal.AsBytes(nodes[..(nodes.Length / 2 * 2)]), Hash256.Size * 2, parents);
        if (nodes.Length % 2 == 1)
        {
            parents[^1] = HashTree.Combine(nodes[^1], HashTree.PadRoot(height));
        }

        return parents;
    }

    /// <summary>Levels between the blocks and a piece's hash.</summary>
    public static int HeightOf(ContentDescription content) =>
        content.PieceCount == 1 ? BitOperations.Log2((uint)Math.Max(1, 2 * CountLeaves(content, 0) - 1)) : HashTree.Height(content.PieceLength);

    /// <summary>Blocks of a piece.</summary>
    public static int CountLeaves(ContentDescription content, int piece) => (content.PieceSize(piece) + PieceLength.Block - 1) / PieceLength.Block;

    /// <summary>Nodes of a height above <paramref name="leaves"/> leaves, without those beyond the last block.</summary>
    public static int CountNodes(int leaves, int height) => (leaves + (1 << height) - 1) >> height;

    /// <summary>The piece's first node in the content's layer of that height.</summary>
    public static int FirstNode(ContentDescription content, int piece, int height) => piece << (HeightOf(content) - height);

    /// <summary>The piece that has all nodes of a range.</summary>
    /// <returns>Null if the height is not below the piece layer, or the nodes are in several pieces, or some are beyond the last block.</returns>
    public static int? FindPiece(ContentDescription content, int height, int index, int count)
    {
        var levels = HeightOf(content) - height;
        if (levels <= 0 || index >> levels is var piece && piece >= content.PieceCount)
        {
            return null;
        }

        return index - (piece << levels) + count <= CountNodes(CountLeaves(content, piece), height) ? piece : null;
    }
}
