using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Sharing;

public sealed class OrderedHashQueueTests : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Hashing>> _hashing = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly OrderedHashQueue<string> _queue;

    public OrderedHashQueueTests() => _queue = NewQueue(parallelism: 2);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _queue.DisposeAsync();

    [Fact]
    public async Task Outcomes_come_in_the_order_in_which_the_files_were_added()
    {
        Add("a");
        Add("b");

        await FinishAsync("b");
        Assert.False(_queue.TryTake(out _));
        await FinishAsync("a");

        Assert.Equal("hashed a", await TakeAsync());
        Assert.Equal("hashed b", await TakeAsync());
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public async Task As_many_files_are_hashed_at_a_time_as_there_are_slots()
    {
        Add("a");
        Add("b");
        Add("c");
        var (a, b) = (await StartedAsync("a"), await StartedAsync("b"));
        Assert.False(_hashing.ContainsKey("c"));

        a.Source.SetResult(Hashed("a"));
        await StartedAsync("c");

        b.Source.SetResult(Hashed("b"));
        await FinishAsync("c");
        Assert.Equal(["hashed a", "hashed b", "hashed c"], [await TakeAsync(), await TakeAsync(), await TakeAsync()]);
    }

    [Fact]
    public async Task A_file_that_cannot_be_hashed_fails_in_its_turn_and_the_others_do_not()
    {
        Add("a");
        Add("b");
        (await StartedAsync("a")).Source.SetException(new P2PShareException(ErrorCode.PathNotFound, "It is gone."));
        await FinishAsync("b");

        var outcome = await TakeOutcomeAsync();
        Assert.Equal(("/files/a", ErrorCode.PathNotFound, null), (outcome.Path, outcome.Fault!.Code, outcome.Result));
        Assert.Equal("hashed b", await TakeAsync());
    }

    [Fact]
    public async Task A_step_after_the_hash_that_fails_is_the_outcome_of_its_file()
    {
        _queue.Add("/files/a", "a", 1, (_, _) => throw new P2PShareException(ErrorCode.FileNameTaken, "It is taken."));
        await FinishAsync("a");

        Assert.Equal(ErrorCode.FileNameTaken, (await TakeOutcomeAsync()).Fault!.Code);
    }

    [Fact]
    public async Task Files_of_one_name_are_finished_in_their_order_whatever_is_hashed_first()
    {
        var order = new ConcurrentQueue<string>();
        _queue.Add("/files/a", "same", 1, (_, _) => Done("a"));
        _queue.Add("/files/b", "SAME", 1, (_, _) => Done("b"));
        await StartedAsync("a");

        await FinishAsync("b");
        Assert.Empty(order);
        await FinishAsync("a");
        await TakeAsync();
        await TakeAsync();

        Assert.Equal(["a", "b"], order);

        Task<string> Done(string name)
        {
            order.Enqueue(name);
            return Task.FromResult(name);
        }
    }

    [Fact]
    public async Task A_file_goes_on_though_the_one_of_its_name_before_it_failed()
    {
        _queue.Add("/files/a", "same", 1, (_, _) => throw new P2PShareException(ErrorCode.FileNameTaken, "It is taken."));
        _queue.Add("/files/b", "same", 1, (_, _) => Task.FromResult("b"));
        await FinishAsync("a");
        await FinishAsync("b");

        Assert.NotNull((await TakeOutcomeAsync()).Fault);
        Assert.Equal("b", await TakeAsync());
    }

    [Fact]
    public async Task A_file_that_needs_no_hash_keeps_its_place()
    {
        Add("a");
        _queue.AddFinished("/files/b", "b", "missing");
        Assert.False(_queue.TryTake(out _));

        await FinishAsync("a");

        Assert.Equal("hashed a", await TakeAsync());
        Assert.Equal("missing", await TakeAsync());
    }

    [Fact]
    public async Task An_unexpected_exception_is_thrown_when_its_file_is_taken()
    {
        Add("a");
        (await StartedAsync("a")).Source.SetException(new InvalidOperationException("A bug."));

        Assert.Equal("A bug.", (await Assert.ThrowsAsync<InvalidOperationException>(TakeAsync)).Message);
    }

    [Fact]
    public void The_queue_is_full_at_its_capacity()
    {
        for (var i = 0; i < OrderedHashQueue<string>.Capacity; i++)
        {
            Assert.True(_queue.HasRoom);
            _queue.AddFinished("/files/a", "a", "");
        }

        Assert.False(_queue.HasRoom);
        Assert.True(_queue.TryTake(out _));
        Assert.True(_queue.HasRoom);
    }

    [Fact]
    public async Task A_wait_ends_with_its_token_and_at_once_in_an_empty_queue()
    {
        using var cancelled = new CancellationTokenSource();
        await _queue.WaitAsync(CancellationToken.None);
        Add("a");
        var wait = _queue.WaitAsync(cancelled.Token);
        Assert.False(wait.IsCompleted);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Progress_has_the_bytes_of_all_files_and_the_speed_of_each()
    {
        Add("a", size: 1000);
        Add("b", size: 3000);
        var a = await StartedAsync("a");
        await StartedAsync("b");
        _clock.Advance(TimeSpan.FromSeconds(1));

        a.Progress.Report(600);
        // Reports of several threads may come out of order.
        a.Progress.Report(400);

        var progress = _queue.GetProgress();
        Assert.Equal((600, 4000, 0, 2), (progress.BytesHashed, progress.BytesTotal, progress.Finished, progress.Added));
        var file = Assert.Single(progress.Hashing);
        Assert.Equal(("a", 600, 1000), (file.Name, file.BytesHashed, file.Size));
        Assert.InRange(file.BytesPerSecond, 600, 800);

        await FinishAsync("a");
        var outcome = await TakeOutcomeAsync();
        Assert.Same(file.Key, outcome.Key);
        progress = _queue.GetProgress();
        Assert.Equal((1000, 1), (progress.BytesHashed, progress.Finished));
        Assert.Empty(progress.Hashing);
    }

    [Fact]
    public async Task Progress_names_the_file_whose_step_after_the_hash_the_others_wait_for()
    {
        var step = new TaskCompletionSource<string>();
        var isHashed = new TaskCompletionSource();
        _queue.Add("/files/a", "a", 1000, (_, _) =>
        {
            isHashed.SetResult();
            return step.Task;
        });
        (await StartedAsync("a")).Progress.Report(1000);
        await FinishAsync("a");
        await isHashed.Task;

        Assert.True(Assert.Single(_queue.GetProgress().Hashing).IsHashed);

        step.SetResult("shared");
        await TakeOutcomeAsync();
        Assert.Empty(_queue.GetProgress().Hashing);
    }

    [Fact]
    public async Task Disposal_cancels_what_runs_and_waits_for_it()
    {
        var queue = NewQueue(parallelism: 1);
        queue.Add("/files/a", "a", 1, (_, _) => Task.FromResult(""));
        queue.Add("/files/b", "b", 1, (_, _) => Task.FromResult(""));
        var a = await StartedAsync("a");

        await queue.DisposeAsync();

        Assert.True(a.Stop.IsCancellationRequested);
        Assert.True(queue.IsEmpty);
        Assert.False(_hashing.ContainsKey("b"));
    }

    private static HashedFile Hashed(string name) =>
        new($"/files/{name}", DateTimeOffset.UnixEpoch, new ContentDescription(1, 65536, Hash256.Compute([1])), []);

    private OrderedHashQueue<string> NewQueue(int parallelism) => new(HashAsync, _clock, parallelism);

    private void Add(string name, long size = 1) =>
        _queue.Add($"/files/{name}", name, size, (file, _) => Task.FromResult($"hashed {Path.GetFileName(file.Path)}"));

    private async Task<HashedFile> HashAsync(string path, string? root, IProgress<long> progress, CancellationToken stop)
    {
        var hashing = new Hashing(progress, stop);
        Started(Path.GetFileName(path)).SetResult(hashing);
        return await hashing.Source.Task.WaitAsync(stop);
    }

    private Task<Hashing> StartedAsync(string name) => Started(name).Task;

    private TaskCompletionSource<Hashing> Started(string name) =>
        _hashing.GetOrAdd(name, _ => new TaskCompletionSource<Hashing>(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task FinishAsync(string name) => (await StartedAsync(name)).Source.TrySetResult(Hashed(name));

    private async Task<string> TakeAsync() => (await TakeOutcomeAsync()).Result!;

    private async Task<HashOutcome<string>> TakeOutcomeAsync()
    {
        await _queue.WaitAsync(CancellationToken.None);
        Assert.True(_queue.TryTake(out var outcome));
        return outcome;
    }

    private sealed record Hashing(IProgress<long> Progress, CancellationToken Stop)
    {
        public TaskCompletionSource<HashedFile> Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
