using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Several downloads at a time, whose outcomes the caller takes as they become known. The same content into the same
/// destination is received once. For one caller at a time.
/// </summary>
/// <param name="start">Starts a download, or throws <see cref="P2PShareException"/>.</param>
/// <param name="serverStopped">Ends when the peer server that runs the downloads has stopped.</param>
/// <param name="limit">Most downloads at a time; at least 1.</param>
public sealed class DownloadBatch(Func<DownloadRequest, IDownload> start, Task serverStopped, int limit)
{
    /// <summary>Most downloads of small contents at a time, beside the others: hundreds of them are fetched together.</summary>
    public const int MaxSmall = 1024;

    private readonly LinkedList<RunningDownload> _running = new();
    // Downloads whose completions have ended.
    private readonly Channel<RunningDownload> _ended = Channel.CreateUnbounded<RunningDownload>();
    private readonly Queue<DownloadOutcome> _outcomes = new();
    private readonly HashSet<(string Destination, Hash256? PiecesRoot)> _seen = [];
    private long _bytesRequested;
    private long _bytesFinished;
    private long _bytesFetched;
    private int _small;
    private int _started;
    private int _finished;
    private int _failed;

    /// <summary>Most bytes a second for each download; 0: no limit; null: a limit that was set before stays.</summary>
    public long? FileLimit { get; init; }

    /// <summary>Whether one more download can be started.</summary>
    public bool HasRoom => _running.Count - _small < limit && _small < MaxSmall;

    /// <summary>Whether no download runs and no outcome waits to be taken.</summary>
    public bool IsEmpty => _running.Count == 0 && _outcomes.Count == 0;

    /// <summary>Whether the same content was requested into the same destination before.</summary>
    public bool IsKnown(DownloadRequest request) => _seen.Contains((request.Destination, request.Content.PiecesRoot));

    /// <summary>Starts a download. A failure to start is an outcome too.</summary>
    /// <param name="target">Returned with the outcome.</param>
    public void Start(DownloadRequest request, object target)
    {
        if (!_seen.Add((request.Destination, request.Content.PiecesRoot)))
        {
            return;
        }

        try
        {
            var download = start(request);
            if (FileLimit is { } fileLimit)
            {
                download.Limit = fileLimit == 0 ? null : fileLimit;
            }

            var running = new RunningDownload(download, target, IsSmall(request));
            _small += running.IsSmall ? 1 : 0;
            running.Node = _running.AddLast(running);
            Watch(running, download.Completion);
            _bytesRequested += request.Content.Size;
            _started++;
        }
        catch (P2PShareException e)
        {
            _failed++;
            _outcomes.Enqueue(new DownloadOutcome(request, target, e));
        }
    }

    /// <summary>Takes the outcome of a download that has ended.</summary>
    /// <returns>False if no further download has ended.</returns>
    public bool TryTake([NotNullWhen(true)] out DownloadOutcome? outcome)
    {
        if (_outcomes.TryDequeue(out outcome))
        {
            return true;
        }

        while (_ended.Reader.TryRead(out var ended))
        {
            if (ended.Node?.List is null)
            {
                continue;
            }

            // Read once: a resume replaces it.
            var completion = ended.Download.Completion;
            if (completion.IsCompleted)
            {
                outcome = End(ended, completion);
                return true;
            }

            Watch(ended, completion);
        }

        // The downloads are suspended, and only another peer server can resume them.
        if (serverStopped.IsCompleted && _running.First is { } first)
        {
            outcome = Abandon(first.Value);
            return true;
        }

        return false;
    }

    /// <summary>Ends when an outcome can be taken.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (_outcomes.Count == 0 && !serverStopped.IsCompleted)
        {
            // Nothing of it stays with the server, which lives longer: when one of two tasks ends, WhenAny lets go of the other.
            await (await Task.WhenAny(_ended.Reader.WaitToReadAsync(cancellationToken).AsTask(), serverStopped).ConfigureAwait(false)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public DownloadBatchProgress GetProgress()
    {
        var downloads = _running.Select(running => (running.Download, running.Download.Progress)).ToList();
        return new DownloadBatchProgress(
            _bytesFinished + downloads.Sum(download => download.Progress.BytesVerified),
            _bytesRequested,
            _bytesFetched + downloads.Sum(download => download.Progress.BytesFetched),
            _finished,
            _started,
            _failed,
            downloads);
    }

    /// <summary>Stops the downloads that run. What they received is kept, and the same requests resume from there.</summary>
    public async Task StopAsync()
    {
        var stopping = _running.Select(running => running.Download.StopAsync()).ToList();
        _running.Clear();
        _small = 0;
        await Task.WhenAll(stopping).ConfigureAwait(false);
    }

    private DownloadOutcome End(RunningDownload ended, Task completion)
    {
        Remove(ended);
        _bytesFetched += ended.Download.Progress.BytesFetched;
        var request = ended.Download.Request;
        switch (completion.Exception?.InnerException)
        {
            case null:
                _bytesFinished += request.Content.Size;
                _finished++;
                return new DownloadOutcome(request, ended.Target, null, ended.Download.Progress);
            case P2PShareException fault:
                // Progress counts only what can still arrive.
                _bytesRequested -= request.Content.Size;
                _failed++;
                return new DownloadOutcome(request, ended.Target, fault);
            case var unexpected:
                ExceptionDispatchInfo.Throw(unexpected);
                throw unexpected;
        }
    }

    private DownloadOutcome Abandon(RunningDownload abandoned)
    {
        Remove(abandoned);
        var request = abandoned.Download.Request;
        return new DownloadOutcome(request, abandoned.Target, new P2PShareException(
            ErrorCode.PeerServerNotRunning, $"'{request.Name}' is suspended, because the peer server was stopped."));
    }

    private void Remove(RunningDownload running)
    {
        _running.Remove(running.Node!);
        _small -= running.IsSmall ? 1 : 0;
    }

    // One with a limit of its own is not fetched together with others.
    private bool IsSmall(DownloadRequest request) => FileLimit is null or 0 && request.Content is { PieceCount: <= 1, Size: <= ContentMessage.MaxSize };

    private void Watch(RunningDownload running, Task completion) => completion.ContinueWith(
        _ => _ended.Writer.TryWrite(running), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private sealed class RunningDownload(IDownload download, object target, bool isSmall)
    {
        public IDownload Download => download;

        public object Target => target;

        public bool IsSmall => isSmall;

        public LinkedListNode<RunningDownload>? Node { get; set; }
    }
}
