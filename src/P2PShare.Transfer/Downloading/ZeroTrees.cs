using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>The trees of the pieces that a content of zeros would have. Made when first needed. Safe for concurrent use.</summary>
internal sealed class ZeroTrees(ContentDescription content)
{
    private readonly Lazy<PieceTree> _whole = new(() => Make(content, 0));
    private readonly Lazy<PieceTree> _last = new(() => Make(content, content.PieceCount - 1));

    /// <summary>The tree of a piece of zeros as long as that one.</summary>
    public PieceTree Of(int piece) => piece == content.PieceCount - 1 ? _last.Value : _whole.Value;

    private static PieceTree Make(ContentDescription content, int piece)
    {
        var leaves = new Hash256[PieceTree.CountLeaves(content, piece)];
        Array.Fill(leaves, ZeroHashes.Block(PieceLength.Block));
        if (content.PieceSize(piece) % PieceLength.Block is var rest and > 0)
        {
            leaves[^1] = ZeroHashes.Block(rest);
        }

        return new PieceTree(leaves, PieceTree.HeightOf(content));
    }
}
