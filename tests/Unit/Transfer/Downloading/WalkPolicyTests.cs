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

    private static TreeWalk Walk(bool isZero) => new(0, isZero ? Zeros.Root : Hash256.Compute([1]), Zeros, old: null);
}
