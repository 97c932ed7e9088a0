using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using P2PShare.Protocol;
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
    private readonly List<RunningDownload> _running = [];
    private readonly Queue<DownloadOutcome> _outcomes = new();
    private readonly HashSet<(string Destination, Hash256? PiecesRoot)> _seen = [];
    private long _bytesRequested;
    private long _bytesFinished;
    private long _bytesFetched;
    private int _started;
    private int _finished;
    private int _failed;

    // Kept for as long as it is the same set: an abandoned WhenAny stays registered on each of its tasks until one of them ends.
    private Task? _anyEnded;

    /// <summary>Most bytes a second for each download; 0: no limit; null: a limit that was set before stays.</summary>
    public long? FileLimit { get; init; }

    /// <summary>Whether one more download can be started.</summary>
    public bool HasRoom => _running.Count < limit;

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

            _running.Add(new RunningDownload(download, target));
            _anyEnded = null;
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

        foreach (var running in _running)
        {
            // Read once: a resume replaces it.
            var completion = running.Download.Completion;
            if (completion.IsCompleted)
            {
                outcome = End(running, completion);
                return true;
            }
        }

        // The downloads are suspended, and only another peer server can resume them.
        if (serverStopped.IsCompleted && _running.Count > 0)
        {
            outcome = Abandon(_running[0]);
            return true;
        }

        return false;
    }

    /// <summary>Ends when an outcome can be taken.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (_outcomes.Count == 0)
        {
            _anyEnded ??= Task.WhenAny([.. _running.Select(running => running.Download.Completion), serverStopped]);
            await _anyEnded.WaitAsync(cancellationToken).ConfigureAwait(false);
            _anyEnded = null;
        }
    }

    public DownloadBatchProgress GetProgress()
    {
        var downloads = _running.ConvertAll(running => (running.Download, running.Download.Progress));
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
        _anyEnded = null;
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
                return new DownloadOutcome(request, ended.Target, null);
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
        _running.Remove(running);
        _anyEnded = null;
    }

    private sealed record RunningDownload(IDownload Download, object Target);
}
