using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Who may ask sources for a content in a group: a source serves a content of a group to a connection once, and refuses a second channel. Downloads go
/// first, and end what compares the content at that moment; comparisons wait for them and for each other, the first first. Safe for concurrent use.
/// </summary>
internal sealed class ContentTurns
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(Hash256 Root, Guid Group), Content> _contents = [];

    /// <summary>Begins at once. A comparison that runs has closed its channels when this returns.</summary>
    /// <param name="request">Of a content that is not empty.</param>
    /// <returns>To be disposed when the download has ended.</returns>
    public async Task<IDisposable> BeginDownloadAsync(DownloadRequest request)
    {
        var key = KeyOf(request);
        CancellationTokenSource? comparison;
        lock (_lock)
        {
            var content = Find(key);
            content.Downloads++;
            comparison = content.Comparison;
        }

        await (comparison?.CancelAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        return new Turn(() => End(key, content => content.Downloads--));
    }

    /// <summary>Waits until neither a download nor another comparison asks for the content.</summary>
    /// <param name="request">Of a content that is not empty.</param>
    /// <returns>To be disposed when the comparison has ended.</returns>
    public async Task<ComparisonTurn> BeginComparisonAsync(DownloadRequest request, CancellationToken cancellationToken)
    {
        var key = KeyOf(request);
        var waiting = new TaskCompletionSource<ComparisonTurn>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            var content = Find(key);
            content.Waiting.Enqueue(waiting);
            BeginNext(key, content);
        }

        await using (cancellationToken.Register(() => Cancel(key, waiting, cancellationToken)).ConfigureAwait(false))
        {
            return await waiting.Task.ConfigureAwait(false);
        }
    }

    private static (Hash256 Root, Guid Group) KeyOf(DownloadRequest request) => (request.Content.PiecesRoot!.Value, request.Group.Id);

    private Content Find((Hash256 Root, Guid Group) key) => _contents.TryGetValue(key, out var content) ? content : _contents[key] = new Content();

    private void Cancel((Hash256 Root, Guid Group) key, TaskCompletionSource<ComparisonTurn> waiting, CancellationToken cancellationToken)
    {
        // Else it has its turn, and ends it.
        if (waiting.TrySetCanceled(cancellationToken))
        {
            End(key, static _ => { });
        }
    }

    private void End((Hash256 Root, Guid Group) key, Action<Content> end)
    {
        lock (_lock)
        {
            // With the last one that waited, or ran, it is forgotten.
            if (_contents.TryGetValue(key, out var content))
            {
                end(content);
                BeginNext(key, content);
            }
        }
    }

    private void BeginNext((Hash256 Root, Guid Group) key, Content content)
    {
        while (content is { Downloads: 0, Comparison: null } && content.Waiting.TryDequeue(out var next))
        {
            // Not disposed: it has no timer, and a download may be about to cancel it.
            var interrupted = new CancellationTokenSource();
            if (next.TrySetResult(new ComparisonTurn(() => End(key, ended => ended.Comparison = null), interrupted.Token)))
            {
                content.Comparison = interrupted;
            }
        }

        if (content is { Downloads: 0, Comparison: null })
        {
            _contents.Remove(key);
        }
    }

    private sealed class Content
    {
        public int Downloads { get; set; }

        public CancellationTokenSource? Comparison { get; set; }

        public Queue<TaskCompletionSource<ComparisonTurn>> Waiting { get; } = new();
    }

    private sealed class Turn(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
