using P2PShare.TrackerHost.Storage;

namespace P2PShare.Unit.TrackerHost;

public sealed class BatcherTests : IDisposable
{
    private readonly SemaphoreSlim _mayRun = new(0);
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<int[]> _batches = [];

    public void Dispose() => _mayRun.Dispose();

    [Fact]
    public async Task Items_that_come_during_a_batch_run_together_and_each_gets_its_own_result()
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
    public async Task A_batch_has_a_bound()
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
    public async Task A_failure_fails_its_batch_alone()
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
    public async Task An_item_that_fails_its_batch_is_found_by_halves_and_the_others_succeed()
    {
        var (batcher, first) = await BeginHalvingAsync(items => items.Contains(77));
        var others = Enumerable.Range(1, 256).Select(i => batcher.RunAsync(i, CancellationToken.None)).ToArray();
        _mayRun.Release(1000);

        await first;
        Assert.Equal("lost", (await Assert.ThrowsAsync<IOException>(() => others[76])).Message);
        Assert.Equal(Enumerable.Range(1, 256).Where(i => i != 77).Select(i => 2 * i), await Task.WhenAll(others.Where((_, i) => i != 76)));
        // Each once, in their order.
        Assert.Equal(Enumerable.Range(0, 257).Where(i => i != 77), _batches.SelectMany(batch => batch));
    }

    [Fact]
    public async Task A_batch_whose_items_all_fail_is_halved_a_bounded_number_of_times()
    {
        var runs = 0;
        var (batcher, first) = await BeginHalvingAsync(items => items[0] != 0 && ++runs > 0);
        var others = Enumerable.Range(1, 256).Select(i => batcher.RunAsync(i, CancellationToken.None)).ToArray();
        _mayRun.Release(1000);

        await first;
        foreach (var other in others)
        {
            await Assert.ThrowsAsync<IOException>(() => other);
        }

        // Each that is halved makes one part more.
        Assert.Equal(1 + (2 * Batcher<int, int>.MaxHalved), runs);
    }

    private async Task<(Batcher<int, int> Batcher, Task First)> BeginHalvingAsync(Func<IReadOnlyList<int>, bool> fails)
    {
        var batcher = new Batcher<int, int>(items => fails(items) ? throw new IOException("lost") : DoubleAsync(items), maxBatch: 256, isOfOne: e => e is IOException);
        var first = batcher.RunAsync(0, CancellationToken.None);
        await BeginsAsync();
        return (batcher, first);
    }

    [Fact]
    public async Task A_canceled_caller_does_not_disturb_the_others()
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
        // What it gave costs nothing.
        Assert.Equal([[0], [2]], _batches);
    }

    [Fact]
    public async Task A_batch_has_a_weight()
    {
        var batcher = new Batcher<int, int>(DoubleAsync, maxBatch: 100, weigh: item => item, maxWeight: 10);
        var first = batcher.RunAsync(0, CancellationToken.None);
        await BeginsAsync();
        int[] weights = [4, 7, 50, 1];
        var others = Array.ConvertAll(weights, item => batcher.RunAsync(item, CancellationToken.None));
        _mayRun.Release(4);
        await Task.WhenAll([first, .. others]);

        Assert.Equal([[0], [4, 7], [50], [1]], _batches);
    }

    private async Task<IReadOnlyList<int>> DoubleAsync(IReadOnlyList<int> items)
    {
        lock (_batches)
        {
            _batches.Add([.. items]);
        }

        _begun.TrySetResult();
        Assert.True(await _mayRun.WaitAsync(TimeSpan.FromSeconds(30)));
        return [.. items.Select(item => 2 * item)];
    }

    private Task BeginsAsync() => _begun.Task.WaitAsync(TimeSpan.FromSeconds(30));
}
