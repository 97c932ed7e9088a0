using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Walks of trees whose leaves are made up: a number stands for a block with its bytes, 0 for one of zeros.</summary>
public sealed class TreeWalkTests
{
    private static readonly Hash256 ZeroBlock = Hash256.Compute(new byte[PieceLength.Block]);

    [Property(MaxTest = 500)]
    public void Whatever_is_old_and_new_each_block_is_told_apart(NonEmptyArray<byte> seeds, int size, byte extra)
    {
        var (piece, old) = Make(seeds.Get, size, extra);

        var walk = Walk(piece, old, out _);

        Assert.Equal(Expected(piece, old), walk.Leaves.ToArray());
    }

    [Property(MaxTest = 500)]
    public void A_lie_is_found_at_once_and_the_truth_taken_after_it(NonEmptyArray<byte> seeds, int size, byte extra, int which, int node, byte bit)
    {
        var (piece, old) = Make(seeds.Get, size, extra);
        var lies = 0;
        var answers = 0;
        var walk = Walk(piece, old, out _, (nodes, hashes) =>
        {
            if (answers++ % (1 + (which & 3)) != 0)
            {
                return null;
            }

            lies++;
            var lie = hashes.ToArray();
            var bytes = lie[(node & int.MaxValue) % lie.Length].ToArray();
            bytes[bit % bytes.Length] ^= 1;
            lie[(node & int.MaxValue) % lie.Length] = new Hash256(bytes);
            return lie;
        });

        Assert.Equal(Expected(piece, old), walk.Leaves.ToArray());
        Assert.True(lies > 0 || walk.First.Count == 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Few_changed_blocks_of_a_long_piece_cost_few_hashes(int changed)
    {
        var old = Enumerable.Range(1, 1024).ToArray();
        var piece = old.ToArray();
        for (var i = 0; i < changed; i++)
        {
            piece[i * 200 + 17] += 10_000;
        }

        var walk = Walk(Tree(piece), Tree(old), out var asked);

        Assert.Equal(changed, walk.Leaves.Count(LeafSource.Peer));
        // 8, 8, 4 and 4 hashes for each, less what they share.
        Assert.InRange(asked.Sum(nodes => nodes.Count), 24, 24 * changed);
        Assert.InRange(asked.Count, 4, 4 * changed);
    }

    [Fact]
    public void Nothing_is_asked_of_a_piece_that_is_old_or_zeros()
    {
        var piece = Tree([1, 2, 3, 0, 5]);
        Assert.Empty(new TreeWalk(0, piece.Root, Zeros(5), piece).First);

        var zeros = new TreeWalk(0, Zeros(5).Root, Zeros(5), piece);
        Assert.True(zeros.IsComplete);
        Assert.Equal(Enumerable.Repeat(LeafSource.Zero, 5), zeros.Leaves.ToArray());
    }

    [Fact]
    public void A_piece_with_nothing_equal_costs_little_more_than_its_leaves()
    {
        var walk = Walk(Tree([.. Enumerable.Range(1, 1024)]), Tree([.. Enumerable.Range(5000, 1024)]), out var asked);

        Assert.Equal(1024, walk.Leaves.Count(LeafSource.Peer));
        Assert.Equal(8 + 64 + 256 + 1024, asked.Sum(nodes => nodes.Count));
        Assert.All(asked, nodes => Assert.InRange(nodes.Count, 1, 512));
    }

    [Fact]
    public void No_node_beyond_the_last_block_is_asked_for()
    {
        var leaves = Enumerable.Range(1, 9).ToArray();
        Walk(new PieceTree(Hashes(leaves), 10), null, out var asked, height: 10);

        Assert.Equal([new(7, 0, 1), new(4, 0, 1), new(2, 0, 3), new(0, 0, 9)], asked);
    }

    private static (PieceTree Piece, PieceTree? Old) Make(byte[] seeds, int size, byte extra)
    {
        var count = 1 + ((size & int.MaxValue) % 1024);
        // A few kinds of block, in runs, so that all mixtures come up.
        var piece = Enumerable.Range(0, count).Select(i => seeds[i / 7 % seeds.Length] % 4).ToArray();
        var old = Enumerable.Range(0, count).Select(i => seeds[(i / 5 + extra) % seeds.Length] % 4).ToArray();
        return (Tree(piece), extra % 5 == 0 ? null : Tree(old));
    }

    private static LeafSource[] Expected(PieceTree piece, PieceTree? old)
    {
        var (leaves, before) = (piece.Layer(0).ToArray(), old is null ? [] : old.Layer(0).ToArray());
        return [.. leaves.Select((leaf, i) => leaf == ZeroBlock ? LeafSource.Zero
            : old is not null && leaf == before[i] ? LeafSource.OldFile
            : LeafSource.Peer)];
    }

    // Answers as an honest source does, after a lie if there is one.
    private static TreeWalk Walk(
        PieceTree piece, PieceTree? old, out List<TreeNodes> asked, Func<TreeNodes, Hash256[], Hash256[]?>? lie = null, int? height = null)
    {
        var walk = new TreeWalk(3, piece.Root, Zeros(piece.LeafCount, height ?? piece.Height), old);
        asked = [];
        var waiting = new Queue<TreeNodes>(walk.First);
        while (waiting.TryDequeue(out var nodes))
        {
            Assert.False(walk.IsComplete);
            asked.Add(nodes);
            var hashes = piece.Layer(nodes.Height).Slice(nodes.First, nodes.Count).ToArray();
            if (lie?.Invoke(nodes, hashes) is { } wrong)
            {
                Assert.Null(walk.Receive(nodes, wrong));
            }

            var next = walk.Receive(nodes, hashes);
            Assert.NotNull(next);
            next.ToList().ForEach(waiting.Enqueue);
        }

        Assert.True(walk.IsComplete);
        return walk;
    }

    private static PieceTree Tree(int[] blocks) => new(Hashes(blocks), HeightOf(blocks.Length));

    private static PieceTree Zeros(int blocks, int? height = null) => new(Hashes(new int[blocks]), height ?? HeightOf(blocks));

    private static Hash256[] Hashes(int[] blocks) => [.. blocks.Select(block => block == 0 ? ZeroBlock : Hash256.Compute(BitConverter.GetBytes(block)))];

    private static int HeightOf(int blocks) => PieceTree.HeightOf(new ContentDescription((long)blocks * PieceLength.Block, PieceLength.Max, null));
}
