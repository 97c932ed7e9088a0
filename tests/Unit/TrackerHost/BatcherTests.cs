using P2PShare.TrackerHost.Storage;

namespace P2PShare.Unit.TrackerHost;

public sealed class BatcherTests : IDisposable
{
    private readonly SemaphoreSlim _mayRun = new(0);
    private readonly List<int[]> _batches = [];

    public void Dispose() => _mayRun.Dispose();

    [Fact]
    public async Task What_comes_while_one_is_under_way_runs_together_and_each_gets_its_own_answer()
    {
        var batcher = new Batcher<int, int>(DoubleAsync, maxBatch: 100);
        var first = batcher.RunAsync(0, CancellationToken.None);
        await BeginsAsync();
        var others = Enumerable.Range(1, 10).Select(i => batcher.RunAsync(i, CancellationToken.None)).ToArray();
        _mayRun.Release(2);

        Assert.Equal(0, await first);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => 2 * i), await Task.WhenAll(others));
        Assert.Equal([[0], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]], _batches);
    }

    [Fact]
    public async Task A_batch_has_no_more_than_it_may()
    {
        var batcher = new Batcher<int, int>(DoubleAsync, maxBatch: 4);
        var first = batcher.RunAsync(0, CancellationToken.None);
        await BeginsAsync();
        var others = Enumerable.Range(1, 10).Select(i => batcher.RunAsync(i, CancellationToken.None)).ToArray();
        _mayRun.Release(4);

        await Task.WhenAll(others.Append(first));
        Assert.Equal([1, 4, 4, 2], _batches.Select(batch => batch.Length));
    }

    [Fact]
    public async Task What_fails_fails_for_its_batch_alone()
    {
        var batcher = new Batcher<int, int>(
            items => items[0] == 0 ? throw new IOException("gone") : DoubleAsync(items), maxBatch: 1);
        _mayRun.Release(1);
        var failing = batcher.RunAsync(0, CancellationToken.None);
        var next = batcher.RunAsync(4, CancellationToken.None);

        Assert.Equal("gone", (await Assert.ThrowsAsync<IOException>(() => failing)).Message);
        Assert.Equal(8, await next);
    }

    [Fact]
    public async Task Who_gives_up_does_not_disturb_the_others()
    {
        using var giveUp = new CancellationTokenSource();
        var batcher = new Batcher<int, int>(DoubleAsync, maxBatch: 100);
        var first = batcher.RunAsync(0, CancellationToken.None);
        await BeginsAsync();
        var impatient = batcher.RunAsync(1, giveUp.Token);
        var patient = batcher.RunAsync(2, CancellationToken.None);
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        _mayRun.Release(2);
        Assert.Equal((0, 4), (await first, await patient));
    }

    private async Task<IReadOnlyList<int>> DoubleAsync(IReadOnlyList<int> items)
    {
        lock (_batches)
        {
            _batches.Add([.. items]);
        }

        Assert.True(await _mayRun.WaitAsync(TimeSpan.FromSeconds(30)));
        return [.. items.Select(item => 2 * item)];
    }

    private async Task BeginsAsync()
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (true)
        {
            lock (_batches)
            {
                if (_batches.Count > 0)
                {
                    return;
                }
            }

            Assert.True(DateTime.UtcNow < deadline, "the first batch never began");
            await Task.Delay(1);
        }
    }
}
