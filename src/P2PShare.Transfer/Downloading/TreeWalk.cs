using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Finds which blocks of a piece this side has already, or knows to be zeros: from the piece's hash down, layer by layer, only below
/// nodes that are neither those of the old bytes nor those of zeros (as BEP 52's hash requests allow). Every answer is checked
/// against the nodes above it, so that a lie is found at once. Pure; not safe for concurrent use.
/// </summary>
internal sealed class TreeWalk
{
    // Of 8 children, one that differs costs 256 bytes a step and a piece of 16 MiB four steps; with 2 it would be 64 bytes and ten round trips.
    private const int MaxLevels = 3;

    private readonly PieceTree _zeros;
    private readonly PieceTree? _old;
    private readonly LeafSource[] _leaves;
    private readonly Dictionary<TreeNodes, Step> _asked = [];

    /// <param name="hash">The piece's, which was checked.</param>
    /// <param name="zeros">The tree that the piece has if it is all zeros.</param>
    /// <param name="old">The tree of the old bytes at the same place, as many as the piece has; null if there are none.</param>
    public TreeWalk(int piece, Hash256 hash, PieceTree zeros, PieceTree? old)
    {
        (Piece, _zeros, _old) = (piece, zeros, old);
        _leaves = new LeafSource[zeros.LeafCount];
        First = Descend(zeros.Height, 0, [hash]);
    }

    /// <summary>Index of the piece.</summary>
    public int Piece { get; }

    /// <summary>Whether there are old bytes at the same place.</summary>
    public bool HasOld => _old is not null;

    /// <summary>What to ask for first; nothing if the piece's hash tells all.</summary>
    public IReadOnlyList<TreeNodes> First { get; }

    /// <summary>Whether all that was asked for has been answered.</summary>
    public bool IsComplete => _asked.Count == 0;

    /// <summary>One a block, right once it is complete.</summary>
    public ReadOnlySpan<LeafSource> Leaves => _leaves;

    /// <summary>Takes an answer.</summary>
    /// <param name="nodes">What was asked for and has not been answered.</param>
    /// <param name="hashes">One a node.</param>
    /// <returns>What to ask for next; null if the hashes are not those below the nodes that are known: then it is still to be answered.</returns>
    public IReadOnlyList<TreeNodes>? Receive(TreeNodes nodes, Hash256[] hashes)
    {
        var step = _asked[nodes];
        var above = hashes;
        for (var height = nodes.Height; height < step.Height; height++)
        {
            above = PieceTree.MakeParents(above, height);
        }

        if (!above.AsSpan().SequenceEqual(step.Parents))
        {
            return null;
        }

        _asked.Remove(nodes);
        return Descend(nodes.Height, nodes.First, hashes);
    }

    private List<TreeNodes> Descend(int height, int first, Hash256[] hashes)
    {
        var next = new List<TreeNodes>();
        // As equal steps as can be: from a height of 10 by 3, 3, 2 and 2.
        var steps = (height + MaxLevels - 1) / MaxLevels;
        var levels = height == 0 ? 0 : (height + steps - 1) / steps;
        for (var i = 0; i < hashes.Length;)
        {
            if (TryResolve(height, first + i, hashes[i]))
            {
                i++;
                continue;
            }

            var begin = i;
            for (i++; i < hashes.Length && i - begin < Frame.MaxHashes >> levels && !TryResolve(height, first + i, hashes[i]); i++)
            {
            }

            var (child, childHeight) = ((first + begin) << levels, height - levels);
            var end = Math.Min((first + i) << levels, PieceTree.CountNodes(_leaves.Length, childHeight));
            var nodes = new TreeNodes(childHeight, child, end - child);
            _asked[nodes] = new Step(height, hashes[begin..i]);
            next.Add(nodes);
        }

        return next;
    }

    // False if the nodes below have to be known.
    private bool TryResolve(int height, int index, Hash256 hash)
    {
        var from = _zeros.Layer(height)[index] == hash ? LeafSource.Zero
            : _old is not null && _old.Layer(height)[index] == hash ? LeafSource.OldFile
            : LeafSource.Peer;
        if (from == LeafSource.Peer && height > 0)
        {
            return false;
        }

        for (var leaf = index << height; leaf < Math.Min((index + 1) << height, _leaves.Length); leaf++)
        {
            // Old zeros are zeros, and need not be read.
            _leaves[leaf] = from == LeafSource.OldFile && _old!.Layer(0)[leaf] == _zeros.Layer(0)[leaf] ? LeafSource.Zero : from;
        }

        return true;
    }

    /// <param name="Height">Of the parents.</param>
    private readonly record struct Step(int Height, Hash256[] Parents);
}
