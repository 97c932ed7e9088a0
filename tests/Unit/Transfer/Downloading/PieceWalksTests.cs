using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class PieceWalksTests
{
    private static readonly PieceTree Zeros = new([Hash256.Compute([0])], 0);

    // Nothing is asked of a source.
    private readonly PieceWalks _walks = new(TestContent.Make(TestContent.MiB, TestContent.MiB).Description, sources: null!, TimeProvider.System, _ => { });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Walks_in_vain_for_zeros_say_nothing_of_old_bytes_and_the_other_way_round(bool hasOld)
    {
        for (var walk = 0; walk < WalkPolicy.Enough; walk++)
        {
            _walks.Count(new TreeWalk(0, Hash256.Compute([1]), Zeros, hasOld ? new PieceTree([Hash256.Compute([2])], 0) : null));
        }

        Assert.Equal(1, Enumerable.Range(0, WalkPolicy.Every).Count(_ => _walks.ShouldWalk(hasOld)));
        Assert.All(Enumerable.Range(0, WalkPolicy.Every), _ => Assert.True(_walks.ShouldWalk(!hasOld)));
    }

    [Fact]
    public void Old_bytes_of_which_a_map_says_that_they_are_right_are_walked_whatever_the_ones_before_had()
    {
        for (var walk = 0; walk < WalkPolicy.Samples; walk++)
        {
            _walks.CountHashed(isEqual: false);
            _walks.Count(new TreeWalk(0, Hash256.Compute([1]), Zeros, new PieceTree([Hash256.Compute([2])], 0)));
        }

        Assert.False(_walks.ShouldHash());
        _walks.StartOver();

        Assert.True(_walks.ShouldHash());
        Assert.All(Enumerable.Range(0, WalkPolicy.Every), _ => Assert.True(_walks.ShouldWalk(hasOld: true)));
    }
}
