using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Files;

/// <summary>Hashes files for a cmdlet and writes the results in the order in which the files were added.</summary>
/// <param name="write">Writes what became of a file.</param>
/// <param name="fail">Writes the fault of a file that could not be hashed, with its path.</param>
internal sealed class HashLoop<TResult>(BatchProgress progress, Action<TResult> write, Action<P2PShareException, object?> fail)
    : BatchLoop(progress), IAsyncDisposable
{
    private readonly OrderedHashQueue<TResult> _queue = new();
    private readonly BatchProgress _progress = progress;

    protected override bool HasRoom => _queue.HasRoom;

    protected override bool IsEmpty => _queue.IsEmpty;

    /// <inheritdoc cref="OrderedHashQueue{TResult}.Add"/>
    public async Task AddAsync(
        string path, string name, long size, Func<HashedFile, CancellationToken, Task<TResult>> then, CancellationToken cancellationToken, string? root = null)
    {
        await MakeRoomAsync(cancellationToken);
        _queue.Add(path, name, size, then, root);
    }

    /// <inheritdoc cref="OrderedHashQueue{TResult}.AddFinished"/>
    public void AddFinished(string path, string name, TResult result)
    {
        _queue.AddFinished(path, name, result);
        WriteFinished();
    }

    public ValueTask DisposeAsync() => _queue.DisposeAsync();

    protected override void WriteFinished()
    {
        while (_queue.TryTake(out var outcome))
        {
            _progress.End(outcome.Key);
            if (outcome.Fault is { } fault)
            {
                fail(fault, outcome.Path);
            }
            else
            {
                write(outcome.Result!);
            }
        }
    }

    protected override Task WaitAsync(CancellationToken cancellationToken) => _queue.WaitAsync(cancellationToken);

    protected override void Show(BatchProgress progress)
    {
        var now = _queue.GetProgress();
        progress.Show(
            now.BytesHashed, now.BytesTotal, now.BytesHashed, $"{now.Finished} of {now.Added} files",
            [.. now.Hashing.Select(file => new BatchProgress.FileLine(
                file.Key, file.Name, file.BytesHashed, file.Size, file.BytesPerSecond,
                !file.IsHashed && file.BytesPerSecond > 0 ? TimeSpan.FromSeconds((file.Size - file.BytesHashed) / file.BytesPerSecond) : null,
                file.IsHashed ? "hashed" : "hashing"))]);
    }
}
