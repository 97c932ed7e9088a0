using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A piece of a mebibyte of which blocks 0 to 19, and 40, come from a peer and all others are zeros.</summary>
public sealed class PiecePlanTests
{
    private const int Block = PieceLength.Block;

    private readonly SchedulerDriver _driver;
    private readonly PiecePlan _plan;

    public PiecePlanTests()
    {
        var bytes = new byte[2 * MiB];
        new Random(1).NextBytes(bytes.AsSpan(0, 20 * Block));
        new Random(2).NextBytes(bytes.AsSpan(40 * Block, Block));
        new Random(3).NextBytes(bytes.AsSpan(MiB));
        _driver = new SchedulerDriver(new TestContent(bytes, MiB));
        _plan = MakePlan();
        _driver.Scheduler.Hold([0, 1]);
    }

    [Fact]
    public void Nothing_of_pieces_that_are_held_back_is_requested_and_the_end_has_not_come()
    {
        var source = _driver.Add();
        Assert.Empty(_driver.TakeAll(source));
        Assert.True(_driver.Scheduler.IsInteresting(source));

        _driver.Scheduler.Release(1, null);

        Assert.Equal(4, _driver.TakeAll(source).Count);
        // The endgame would ask a second source for the same.
        Assert.Empty(_driver.TakeAll(_driver.Add()));
    }

    [Fact]
    public void Only_blocks_that_come_from_peers_are_requested_and_the_piece_is_right_with_the_others()
    {
        _driver.Scheduler.Release(0, _plan);
        var source = _driver.Add();

        var requests = _driver.TakeAll(source);

        Assert.Equal([(0, 16 * Block), (16 * Block, 4 * Block), (40 * Block, Block)], requests.Select(range => (range.Begin, range.Count)));
        Assert.Equal((0, MiB - (21 * Block)), (_plan.BytesReused, _plan.BytesZero));
        ActivePiece? whole = null;
        requests.ForEach(range => whole = _driver.Send(source, range).Whole);
        Assert.True(whole!.TryFill());
        Assert.True(_driver.Verify(whole).IsRight);
    }

    [Fact]
    public void A_source_that_is_lost_leaves_the_plan_to_the_next_one()
    {
        _driver.Scheduler.Release(0, _plan);
        var first = _driver.Add();
        var requests = _driver.TakeAll(first);

        _driver.Scheduler.Remove(first);

        Assert.Equal(requests.Select(range => range.Begin), _driver.TakeAll(_driver.Add()).Select(range => range.Begin));
    }

    [Fact]
    public void A_wrong_piece_is_fetched_whole_and_its_sender_named_only_when_it_is_right()
    {
        _driver.Scheduler.Release(0, _plan);
        var liar = _driver.Add();
        ActivePiece? whole = null;
        _driver.TakeAll(liar).ForEach(range => whole = _driver.Send(liar, range, isWrong: range.Begin == 0).Whole);
        whole!.TryFill();
        // The old file may have been at fault.
        var (isRight, corrupt) = _driver.Verify(whole);
        Assert.False(isRight);
        Assert.Empty(corrupt);
        var honest = _driver.Add();

        var fetched = 0;
        for (whole = null; whole is null;)
        {
            var range = _driver.Take(honest);
            fetched += range.Count;
            whole = _driver.Send(honest, range).Whole;
        }

        Assert.Equal(MiB, fetched);
        (isRight, corrupt) = _driver.Verify(whole);
        Assert.True(isRight);
        Assert.Equal([liar.Fingerprint], corrupt);
    }

    private PiecePlan MakePlan()
    {
        var content = _driver.Content;
        var tree = content.TreeOf(0);
        var walk = new TreeWalk(0, content.Layer[0], new ZeroTrees(content.Description).Of(0), old: null);
        var waiting = new Queue<TreeNodes>(walk.First);
        while (waiting.TryDequeue(out var nodes))
        {
            walk.Receive(nodes, tree.Layer(nodes.Height).Slice(nodes.First, nodes.Count).ToArray())!.ToList().ForEach(waiting.Enqueue);
        }

        return new PiecePlan(content.Description, walk, old: null);
    }
}
