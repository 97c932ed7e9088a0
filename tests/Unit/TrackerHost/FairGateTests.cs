using P2PShare.TrackerHost.Http;

namespace P2PShare.Unit.TrackerHost;

public sealed class FairGateTests
{
    [Fact]
    public async Task As_many_are_inside_as_may_be_and_the_next_enters_when_one_leaves()
    {
        var gate = new FairGate(2, 10, 10);
        using var first = await EnterAsync(gate, "a");
        using var second = await EnterAsync(gate, "a");
        var third = EnterAsync(gate, "a");
        var fourth = EnterAsync(gate, "b");
        var fifth = EnterAsync(gate, "a");
        Assert.False(third.IsCompleted || fourth.IsCompleted || fifth.IsCompleted);

        first!.Dispose();
        // A place is given once.
        first.Dispose();

        Assert.NotNull(await third);
        Assert.False(fourth.IsCompleted);
        second!.Dispose();
        Assert.NotNull(await fourth);
        Assert.Equal((2, 1), (gate.Inside, gate.Waiting));
        (await third)!.Dispose();
        (await fifth)!.Dispose();
        (await fourth)!.Dispose();
        Assert.Equal((0, 0), (gate.Inside, gate.Waiting));
    }

    [Fact]
    public async Task One_that_gives_up_waits_no_longer_and_holds_no_place()
    {
        var gate = new FairGate(1, 1, 1);
        using var inside = await EnterAsync(gate, "a");
        using var gone = new CancellationTokenSource();
        var waiting = gate.EnterAsync("a", isPreferred: false, gone.Token);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        var next = EnterAsync(gate, "b");
        inside!.Dispose();
        (await next)!.Dispose();
        Assert.Equal(0, gate.Inside);
    }

    [Fact]
    public async Task One_that_is_displaced_or_finds_the_queue_full_is_refused_at_once()
    {
        var gate = new FairGate(1, 2, 2);
        using var inside = await EnterAsync(gate, "a");
        var first = EnterAsync(gate, "a");
        var second = EnterAsync(gate, "a");

        Assert.Null(await EnterAsync(gate, "a"));
        var other = EnterAsync(gate, "b");

        Assert.Null(await second);
        inside!.Dispose();
        (await first)!.Dispose();
        (await other)!.Dispose();
    }

    private static Task<FairGate.Turn?> EnterAsync(FairGate gate, string key) => gate.EnterAsync(key, isPreferred: false, CancellationToken.None);
}
