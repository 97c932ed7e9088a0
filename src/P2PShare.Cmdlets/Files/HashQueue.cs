using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Files;

/// <summary>
/// Hashes local files, several at a time, does something with each, and tells of them in the order in which they were
/// added. One caller at a time, on the pipeline thread.
/// </summary>
/// <param name="failed">A file that could not be hashed, or that something could not be done with.</param>
internal sealed class HashQueue(BatchProgress progress, Action<P2PShareException, object?> failed) : IDisposable
{
    // Results that wait for a slow one before them; they are small.
    private const int MostQueued = 256;

    // One that waits for the tracker leaves a core to another that hashes.
    private readonly SemaphoreSlim _slots = new(Math.Max(4, Environment.ProcessorCount));
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<Item> _items = new();
    private long _bytesAsked;
    private long _bytesFinished;
    private int _asked;
    private int _finished;

    /// <summary>Hashes a file, when there is room for one more.</summary>
    /// <param name="name">That a person knows it by.</param>
    /// <param name="then">
    /// Done on any thread, as soon as it is hashed, for those of the same name in their order; what it returns is done on the
    /// caller's thread, in its turn.
    /// </param>
    public async Task AddAsync(
        string path, string name, Func<HashedFile, CancellationToken, Task<Action>> then, CancellationToken cancellationToken)
    {
        TellFinished();
        while (_items.Count >= MostQueued)
        {
            await WaitAsync(cancellationToken);
        }

        var before = _items.LastOrDefault(item => string.Equals(item.Line.Activity, name, StringComparison.OrdinalIgnoreCase))?.Work;
        var item = new Item(path, new BatchProgress.Line(name));
        _asked++;
        if (progress.IsVisible && new FileInfo(path) is { Exists: true } file)
        {
            item.Size = file.Length;
            _bytesAsked += file.Length;
        }

        item.Work = RunAsync(item, before, then, _stop.Token);
        _items.Enqueue(item);
    }

    /// <summary>Tells, in its turn, of a file that need not be hashed.</summary>
    public void Add(string path, string name, Action tell)
    {
        _asked++;
        _items.Enqueue(new Item(path, new BatchProgress.Line(name)) { Work = Task.FromResult(tell) });
        TellFinished();
    }

    /// <summary>Waits for all.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        TellFinished();
        while (_items.Count > 0)
        {
            await WaitAsync(cancellationToken);
        }

        progress.End();
    }

    /// <summary>Gives up those that are not done.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_items.Select(item => item.Work).ToList()).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _items.Clear();
    }

    public void Dispose()
    {
        _slots.Dispose();
        _stop.Dispose();
    }

    private async Task<Action> RunAsync(
        Item item, Task? before, Func<HashedFile, CancellationToken, Task<Action>> then, CancellationToken stop)
    {
        await _slots.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await Task.Run(
                async () =>
                {
                    var file = await FileHasher.HashAsync(item.Path, item, stop).ConfigureAwait(false);
                    item.IsHashed = true;
                    await (before ?? Task.CompletedTask).ConfigureAwait(false);
                    return await then(file, stop).ConfigureAwait(false);
                },
                stop).ConfigureAwait(false);
        }
        catch (P2PShareException e)
        {
            return () => failed(e, item.Path);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var tick = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_items.Peek().Work, progress.TickAsync(tick.Token));
        await tick.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        TellFinished();
        if (_items.Count > 0 && progress.IsDue())
        {
            Show();
        }
    }

    private void TellFinished()
    {
        while (_items.TryPeek(out var item) && item.Work.IsCompleted)
        {
            _items.Dequeue();
            progress.End(item.Line);
            _finished++;
            _bytesFinished += item.Size;
            item.Work.GetAwaiter().GetResult()();
        }
    }

    private void Show()
    {
        var hashed = _bytesFinished + _items.Sum(item => item.BytesHashed);
        progress.ShowAll(hashed, _bytesAsked, hashed, $"{_finished} of {_asked} files");
        foreach (var item in _items.Where(item => item.BytesHashed > 0))
        {
            if (item.IsHashed)
            {
                progress.End(item.Line);
                continue;
            }

            item.Rate.Update(item.BytesHashed);
            progress.Show(item.Line, item.BytesHashed, item.Size, item.Rate.BytesPerSecond, item.Rate.SecondsFor(item.Size - item.BytesHashed), "hashing");
        }
    }

    // Progress<T> would post each number to the pipeline thread.
    private sealed class Item(string path, BatchProgress.Line line) : IProgress<long>
    {
        private long _bytesHashed;

        public string Path => path;

        public BatchProgress.Line Line => line;

        public Rate Rate { get; } = new();

        public Task<Action> Work { get; set; } = Task.FromResult(() => { });

        public long Size { get; set; }

        public long BytesHashed => Volatile.Read(ref _bytesHashed);

        public bool IsHashed { get; set; }

        public void Report(long value) => Volatile.Write(ref _bytesHashed, value);
    }
}
