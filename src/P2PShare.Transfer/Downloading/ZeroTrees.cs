using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// The trees of the pieces that a content of zeros would have, made when first needed, and whether looking for them pays. Safe for concurrent use.
/// </summary>
internal sealed class ZeroTrees(ContentDescription content)
{
    // Of the blocks of this many walks one in so many has to be zeros, or the others are fetched without a walk.
    private const int MinWalks = 16;
    private const int MinShare = 32;

    private static readonly Hash256 ZeroBlock = Hash256.Compute(new byte[PieceLength.Block]);

    private readonly Lazy<PieceTree> _whole = new(() => Make(content, 0));
    private readonly Lazy<PieceTree> _last = new(() => Make(content, content.PieceCount - 1));

    private long _walks;
    private long _blocks;
    private long _found;

    /// <summary>Whether walks that can find nothing but zeros have found enough of them, or were too few to tell.</summary>
    public bool Pay => Interlocked.Read(ref _walks) < MinWalks || Interlocked.Read(ref _found) * MinShare > Interlocked.Read(ref _blocks);

    /// <summary>Counts a walk that has ended.</summary>
    public void Count(TreeWalk walk)
    {
        if (!walk.HasOld && walk.IsComplete)
        {
            Interlocked.Add(ref _found, walk.Leaves.Count(LeafSource.Zero));
            Interlocked.Add(ref _blocks, walk.Leaves.Length);
            Interlocked.Increment(ref _walks);
        }
    }

    /// <summary>The tree of a piece of zeros as long as that one.</summary>
    public PieceTree Of(int piece) => piece == content.PieceCount - 1 ? _last.Value : _whole.Value;

    private static PieceTree Make(ContentDescription content, int piece)
    {
        var leaves = new Hash256[PieceTree.CountLeaves(content, piece)];
        Array.Fill(leaves, ZeroBlock);
        if (content.PieceSize(piece) % PieceLength.Block is var rest and > 0)
        {
            leaves[^1] = Hash256.Compute(new byte[rest]);
        }

        return new PieceTree(leaves, PieceTree.HeightOf(content));
    }
}
