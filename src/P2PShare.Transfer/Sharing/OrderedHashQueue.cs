using System.Diagnostics.CodeAnalysis;
using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// Hashes local files, several at a time, and does one more step with each; the caller takes the outcomes in the order in which
/// the files were added. For one caller at a time.
/// </summary>
/// <param name="hash">Hashes the file at a path, below a folder that a person named or null, and reports the bytes hashed so far, from any thread.</param>
/// <param name="parallelism">Most files that are hashed at a time; the step behind it is done for all of the queue.</param>
[SuppressMessage("Naming", "CA1711", Justification = "It is a queue; it does not have to be a Queue<T>.")]
public sealed class OrderedHashQueue<TResult>(
    Func<string, string?, IProgress<long>, CancellationToken, Task<HashedFile>> hash, TimeProvider clock, int parallelism) : IAsyncDisposable
{
    /// <summary>Most files in the queue. Outcomes that wait for a slow file before them are small.</summary>
    public const int Capacity = 1024;

    private readonly SemaphoreSlim _slots = new(parallelism);
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<(Item Item, Task<HashOutcome<TResult>> Work)> _items = new();

    // The last file of each name that is in the queue.
    private readonly Dictionary<string, Task> _latest = new(StringComparer.OrdinalIgnoreCase);
    private long _bytesAdded;
    private long _bytesFinished;
    private int _added;
    private int _finished;

    /// <summary>A queue that hashes as many files at a time as the machine has cores.</summary>
    public OrderedHashQueue()
        // At least four: a file that waits for the disk leaves a core to another.
        : this(FileHasher.HashAsync, TimeProvider.System, Math.Max(4, Environment.ProcessorCount))
    {
    }

    public bool HasRoom => _items.Count < Capacity;

    public bool IsEmpty => _items.Count == 0;

    /// <summary>Adds a file. It is hashed as soon as a slot is free.</summary>
    /// <param name="name">The name that progress shows. Files of one name are finished in the order in which they were added.</param>
    /// <param name="size">Bytes, for progress.</param>
    /// <param name="then">The step after the hash, on any thread, for many files at a time.</param>
    /// <param name="root">A folder above the file that a person named: no link between the two is followed. Null: the person named the file.</param>
    public void Add(string path, string name, long size, Func<HashedFile, CancellationToken, Task<TResult>> then, string? root = null)
    {
        var before = _latest.GetValueOrDefault(name);
        var item = new Item(path, root, name, size, clock);
        _added++;
        _bytesAdded += size;
        var work = RunAsync(item, before ?? Task.CompletedTask, then, _stop.Token);
        _items.Enqueue((item, work));
        _latest[name] = work;
    }

    /// <summary>Adds a file that does not have to be hashed; its outcome keeps its place in the order.</summary>
    public void AddFinished(string path, string name, TResult result)
    {
        _added++;
        var item = new Item(path, null, name, 0, clock);
        _items.Enqueue((item, Task.FromResult(new HashOutcome<TResult>(item, path, name, result, null))));
    }

    /// <summary>Takes the outcome of the oldest file.</summary>
    /// <returns>False if that file is not finished, or there is none.</returns>
    public bool TryTake([NotNullWhen(true)] out HashOutcome<TResult>? outcome)
    {
        if (!_items.TryPeek(out var oldest) || !oldest.Work.IsCompleted)
        {
            outcome = null;
            return false;
        }

        _items.Dequeue();
        if (_latest.GetValueOrDefault(oldest.Item.Name) == oldest.Work)
        {
            _latest.Remove(oldest.Item.Name);
        }

        _finished++;
        _bytesFinished += oldest.Item.Size;
        outcome = oldest.Work.GetAwaiter().GetResult();
        return true;
    }

    /// <summary>Ends when an outcome can be taken, or the queue is empty.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (_items.TryPeek(out var oldest))
        {
            await ((Task)oldest.Work).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public HashQueueProgress GetProgress() => new(
        _bytesFinished + _items.Sum(queued => queued.Item.BytesHashed),
        _bytesAdded,
        _finished,
        _added,
        [.. _items.Where(IsShown).Select(queued => queued.Item.GetProgress())]);

    /// <summary>Abandons the files that are not finished, and returns when no work runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_items.Select(queued => (Task)queued.Work)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _items.Clear();
        _slots.Dispose();
        _stop.Dispose();
    }

    // What follows the hash takes long for a file of which a chunk map is made; the others wait for the oldest.
    private bool IsShown((Item Item, Task<HashOutcome<TResult>> Work) queued) =>
        queued.Item.BytesHashed > 0 && (!queued.Item.IsHashed || (queued.Item == _items.Peek().Item && !queued.Work.IsCompleted));

    private async Task<HashOutcome<TResult>> RunAsync(
        Item item, Task before, Func<HashedFile, CancellationToken, Task<TResult>> then, CancellationToken stop)
    {
        try
        {
            var file = await HashAsync(item, stop).ConfigureAwait(false);
            // What became of the earlier file of this name does not matter here.
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return new HashOutcome<TResult>(item, item.Path, item.Name, await then(file, stop).ConfigureAwait(false), null);
        }
        catch (P2PShareException e)
        {
            return new HashOutcome<TResult>(item, item.Path, item.Name, default, e);
        }
    }

    private async Task<HashedFile> HashAsync(Item item, CancellationToken stop)
    {
        await _slots.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            var file = await Task.Run(() => hash(item.Path, item.Root, item, stop), stop).ConfigureAwait(false);
            item.IsHashed = true;
            return file;
        }
        finally
        {
            _slots.Release();
        }
    }

    private sealed class Item(string path, string? root, string name, long size, TimeProvider clock) : IProgress<long>
    {
        private readonly SpeedMeter _speed = new(clock);
        private readonly Lock _lock = new();
        private long _bytesHashed;
        private volatile bool _isHashed;

        public string Path => path;

        public string? Root => root;

        public string Name => name;

        public long Size => size;

        public long BytesHashed => Volatile.Read(ref _bytesHashed);

        public bool IsHashed
        {
            get => _isHashed;
            set => _isHashed = value;
        }

        public HashProgress GetProgress() => new(this, name, BytesHashed, size, _speed.BytesPerSecond, IsHashed);

        // Several threads hash one file, and their reports may come out of order.
        public void Report(long value)
        {
            lock (_lock)
            {
                if (value > _bytesHashed)
                {
                    _speed.Add(value - _bytesHashed);
                    Volatile.Write(ref _bytesHashed, value);
                }
            }
        }
    }
}
