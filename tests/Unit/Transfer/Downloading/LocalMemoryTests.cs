using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class LocalMemoryTests
{
    private readonly LocalMemory _memory = new(100);

    [Fact]
    public async Task No_more_is_reserved_than_the_limit_and_the_first_is_the_first()
    {
        var one = await _memory.ReserveAsync(60, CancellationToken.None);
        var two = await _memory.ReserveAsync(40, CancellationToken.None);
        var three = _memory.ReserveAsync(50, CancellationToken.None);
        // There would be room for it, and it would keep the one before out for ever.
        var four = _memory.ReserveAsync(40, CancellationToken.None);

        two.Dispose();
        Assert.False(three.IsCompleted || four.IsCompleted);
        one.Dispose();
        await Task.WhenAll(three, four);
    }

    [Fact]
    public async Task What_is_longer_than_the_limit_waits_until_there_is_no_other()
    {
        var one = await _memory.ReserveAsync(1, CancellationToken.None);
        var two = _memory.ReserveAsync(1000, CancellationToken.None);
        Assert.False(two.IsCompleted);

        one.Dispose();

        var all = await two;
        var three = _memory.ReserveAsync(1, CancellationToken.None);
        Assert.False(three.IsCompleted);
        all.Dispose();
        await three;
    }

    [Fact]
    public async Task One_that_is_cancelled_is_passed_over()
    {
        using var stop = new CancellationTokenSource();
        var one = await _memory.ReserveAsync(60, CancellationToken.None);
        var two = _memory.ReserveAsync(100, stop.Token);
        var three = _memory.ReserveAsync(40, CancellationToken.None);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => two);
        await three;
        one.Dispose();
        (await three).Dispose();
        // All of it is there again.
        (await _memory.ReserveAsync(100, CancellationToken.None)).Dispose();
    }
}
