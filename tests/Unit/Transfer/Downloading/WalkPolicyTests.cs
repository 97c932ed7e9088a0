using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class WalkPolicyTests
{
    private static readonly PieceTree Zeros = new([Hash256.Compute([0])], 0);

    private readonly WalkPolicy _policy = new();

    [Fact]
    public void After_16_walks_that_found_nothing_every_eighth_piece_is_walked_until_one_finds_something()
    {
        for (var walk = 0; walk < 16; walk++)
        {
            Assert.True(_policy.ShouldWalk());
            _policy.Count(Walk(isZero: false));
        }

        Assert.Equal(10, Enumerable.Range(0, 80).Count(_ => _policy.ShouldWalk()));

        _policy.Count(Walk(isZero: true));
        Assert.Equal(80, Enumerable.Range(0, 80).Count(_ => _policy.ShouldWalk()));
    }

    [Theory]
    [InlineData(false, 10)]
    [InlineData(true, 80)]
    public void Where_a_map_says_that_there_is_something_a_walk_that_finds_one_block_is_not_poor(bool isClaimed, int walked)
    {
        var policy = new WalkPolicy(isClaimed);
        // One block of 64.
        var zeros = new PieceTree([.. Enumerable.Repeat(Hash256.Compute([0]), 64)], 6);
        var old = new PieceTree([.. Enumerable.Range(0, 64).Select(leaf => Hash256.Compute([(byte)(leaf == 5 ? 5 : 100)]))], 6);
        var piece = new PieceTree([.. Enumerable.Range(0, 64).Select(leaf => Hash256.Compute([(byte)leaf, 1]))], 6);
        var found = new PieceTree([.. Enumerable.Range(0, 64).Select(leaf => leaf == 5 ? Hash256.Compute([5]) : piece.Layer(0)[leaf])], 6);
        for (var i = 0; i < 16; i++)
        {
            var walk = new TreeWalk(0, found.Root, zeros, old);
            var asked = new Queue<TreeNodes>(walk.First);
            while (asked.TryDequeue(out var nodes))
            {
                foreach (var next in walk.Receive(nodes, found.Layer(nodes.Height).Slice(nodes.First, nodes.Count).ToArray())!)
                {
                    asked.Enqueue(next);
                }
            }

            Assert.Equal(1, walk.Leaves.Count(LeafSource.OldFile));
            policy.Count(walk);
        }

        Assert.Equal(walked, Enumerable.Range(0, 80).Count(_ => policy.ShouldWalk()));
    }

    [Fact]
    public void An_old_file_is_hashed_to_its_end_unless_64_pieces_of_it_and_16_walks_had_nothing()
    {
        Count(differing: 100, poorWalks: 15);
        Assert.True(_policy.ShouldHash());

        Count(differing: 0, poorWalks: 1);
        Assert.False(_policy.ShouldHash());
    }

    [Fact]
    public void An_old_file_of_which_one_piece_or_one_block_was_found_is_hashed_to_its_end()
    {
        Count(differing: 63, poorWalks: 100);
        Assert.True(_policy.ShouldHash());
        _policy.CountHashed(isEqual: true);
        Count(differing: 100, poorWalks: 0);
        Assert.True(_policy.ShouldHash());

        var other = new WalkPolicy();
        other.Count(Walk(isZero: false, old: 1));
        for (var i = 0; i < 100; i++)
        {
            other.CountHashed(isEqual: false);
            other.Count(Walk(isZero: false));
        }

        Assert.True(other.ShouldHash());
    }

    private void Count(int differing, int poorWalks)
    {
        for (var i = 0; i < differing; i++)
        {
            _policy.CountHashed(isEqual: false);
        }

        for (var i = 0; i < poorWalks; i++)
        {
            _policy.Count(Walk(isZero: false));
        }
    }

    private static TreeWalk Walk(bool isZero, byte old) => new(0, isZero ? Zeros.Root : Hash256.Compute([1]), Zeros, new PieceTree([Hash256.Compute([old])], 0));

    private static TreeWalk Walk(bool isZero) => new(0, isZero ? Zeros.Root : Hash256.Compute([1]), Zeros, old: null);
}
