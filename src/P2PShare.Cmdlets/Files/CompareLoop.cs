using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Files;

/// <summary>Compares files for a cmdlet, several at a time, and writes the results in the order in which the files were added. Used on the pipeline thread.</summary>
/// <param name="limit">Most files at a time; at least 1.</param>
/// <param name="capacity">Most files that run, or wait for a slow one before them to be written.</param>
/// <param name="write">Writes the comparison of a file.</param>
/// <param name="fail">Writes the fault of a file that could not be compared, with the file.</param>
internal sealed class CompareLoop(
    int limit, int capacity, BatchProgress progress, Action<P2PFileComparison> write, Action<P2PShareException, object?> fail)
    : BatchLoop(progress), IAsyncDisposable
{
    private readonly BatchProgress _progress = progress;
    private readonly Queue<Item> _items = new();
    private readonly CancellationTokenSource _stop = new();
    private long _bytesAdded;
    private long _bytesFinished;
    private int _added;
    private int _finished;

    protected override bool HasRoom => _items.Count < capacity && _items.Count(item => !item.Work.IsCompleted) < limit;

    protected override bool IsEmpty => _items.Count == 0;

    /// <summary>Compares a file as soon as there is room for one more.</summary>
    /// <param name="compare">Is called on the pipeline thread.</param>
    public async Task AddAsync(P2PFile file, Func<CompareProgress, CancellationToken, Task<P2PFileComparison>> compare, CancellationToken cancellationToken)
    {
        await MakeRoomAsync(cancellationToken);
        var done = new CompareProgress(file.Size);
        _added++;
        _bytesAdded += file.Size;
        _items.Enqueue(new Item(file, done, compare(done, _stop.Token)));
        WriteFinished();
    }

    /// <summary>Abandons the files that are not finished, and returns when no work runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_items.Select(item => (Task)item.Work)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _items.Clear();
        _stop.Dispose();
    }

    protected override void WriteFinished()
    {
        while (_items.TryPeek(out var item) && item.Work.IsCompleted)
        {
            _items.Dequeue();
            _finished++;
            _bytesFinished += item.File.Size;
            _progress.End(item.Progress);
            try
            {
                write(item.Work.GetAwaiter().GetResult());
            }
            catch (P2PShareException e)
            {
                fail(e, item.File);
            }
        }
    }

    protected override Task WaitAsync(CancellationToken cancellationToken)
    {
        var running = _items.Where(item => !item.Work.IsCompleted).Select(item => (Task)item.Work).ToList();
        return running.Count == 0 ? Task.CompletedTask : Task.WhenAny(running).WaitAsync(cancellationToken);
    }

    protected override void Show(BatchProgress progress)
    {
        var running = _items.Where(item => !item.Work.IsCompleted).ToList();
        var bytes = _bytesFinished + _items.Sum(item => item.Work.IsCompleted ? item.File.Size : item.Progress.Bytes);
        progress.Show(
            bytes, _bytesAdded, bytes, $"{_finished} of {_added} files",
            [.. running.Select(item => new BatchProgress.FileLine(
                item.Progress, item.File.ToString(), item.Progress.Bytes, item.File.Size, 0, null, item.Progress.IsHashed ? "asking sources" : "hashing"))]);
    }

    private sealed record Item(P2PFile File, CompareProgress Progress, Task<P2PFileComparison> Work);
}
