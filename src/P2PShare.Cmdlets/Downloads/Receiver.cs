using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>
/// Receives files, several at a time, and tells what becomes of each as soon as it is known. One caller at a time; the
/// cmdlet uses it on the pipeline thread, the job on its own.
/// </summary>
/// <param name="limit">Most downloads at a time; at least 1.</param>
/// <param name="received">A file is there under its name.</param>
/// <param name="failed">A file could not be received; with what was asked for.</param>
internal sealed class Receiver(
    PeerServer server, int limit, Action<FileInfo> received, Action<P2PShareException, object> failed, BatchProgress progress)
{
    public const int ActivityId = 20800;
    public const string Activity = "Receiving files";

    private readonly List<Active> _active = [];
    private readonly HashSet<(string, Hash256?)> _seen = [];
    private long _bytesAsked;
    private long _bytesFinished;
    private long _bytesFetched;
    private int _asked;
    private int _finished;
    private int _failed;

    /// <summary>Most bytes a second that each file takes; 0: no limit; null: what was set before stays.</summary>
    public long? FileLimit { get; init; }

    /// <summary>Starts a download, when there is room for one more. The same file into the same place is received once.</summary>
    /// <param name="target">What was asked for, for <paramref name="failed"/>.</param>
    public async Task AddAsync(DownloadRequest request, object target, CancellationToken cancellationToken)
    {
        if (!_seen.Add((request.Destination, request.Content.PiecesRoot)))
        {
            return;
        }

        // The next input may have been long in coming.
        await FinishEndedAsync();
        while (_active.Count >= limit)
        {
            await WaitAsync(cancellationToken);
        }

        try
        {
            var download = server.Downloads.Start(request);
            if (FileLimit is { } fileLimit)
            {
                download.Limit = fileLimit == 0 ? null : fileLimit;
            }

            _active.Add(new Active(download, target));
            _bytesAsked += request.Content.Size;
            _asked++;
        }
        catch (P2PShareException e)
        {
            _failed++;
            failed(e, target);
        }
    }

    /// <summary>Waits for all.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (_active.Count > 0)
        {
            await WaitAsync(cancellationToken);
        }

        progress.End();
    }

    /// <summary>Stops those that run; what they received is kept, and the same request goes on from there.</summary>
    public async Task StopAsync()
    {
        var stopping = _active.Select(active => active.Download.StopAsync()).ToList();
        _active.Clear();
        await Task.WhenAll(stopping);
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var tick = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny([
            .. _active.Select(active => active.Download.Completion), server.Completion, progress.TickAsync(tick.Token)]);
        await tick.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        await FinishEndedAsync();
        if (server.Completion.IsCompleted)
        {
            Abandon();
        }

        if (_active.Count > 0 && progress.IsDue())
        {
            Show();
        }
    }

    private async Task FinishEndedAsync()
    {
        foreach (var ended in _active.FindAll(active => active.Download.Completion.IsCompleted))
        {
            await FinishAsync(ended);
        }
    }

    // Its downloads are on hold, and nobody can let them go on: the next peer server has its own.
    private void Abandon()
    {
        foreach (var active in _active)
        {
            progress.End(active.Line);
            failed(
                new P2PShareException(
                    ErrorCode.PeerServerNotRunning,
                    $"'{active.Download.Request.Name}' is on hold, because the peer server was stopped. Resume-P2PDownload lets it go on."),
                active.Target);
        }

        _active.Clear();
    }

    private async Task FinishAsync(Active ended)
    {
        _active.Remove(ended);
        _bytesFetched += ended.Download.Progress.BytesFetched;
        progress.End(ended.Line);
        try
        {
            await ended.Download.Completion;
        }
        catch (P2PShareException e)
        {
            // What will not come is not waited for.
            _bytesAsked -= ended.Download.Request.Content.Size;
            _failed++;
            failed(e, ended.Target);
            return;
        }

        _bytesFinished += ended.Download.Request.Content.Size;
        _finished++;
        received(new FileInfo(ended.Download.Request.Destination));
    }

    private void Show()
    {
        var moments = _active.ConvertAll(active => (Active: active, Now: active.Download.Progress));
        progress.ShowAll(
            _bytesFinished + moments.Sum(moment => moment.Now.BytesVerified),
            _bytesAsked,
            _bytesFetched + moments.Sum(moment => moment.Now.BytesFetched),
            _failed == 0 ? $"{_finished} of {_asked} files" : $"{_finished} of {_asked} files, {_failed} failed");
        foreach (var (active, moment) in moments)
        {
            progress.Show(
                active.Line, moment.BytesVerified, moment.BytesTotal, moment.BytesPerSecond, moment.TimeLeft?.TotalSeconds,
                active.Download.State == DownloadState.Suspended ? "on hold"
                    : moment.Sources == 0 ? "looking for sources"
                    : $"{moment.Sources} source{(moment.Sources == 1 ? "" : "s")}, {moment.PiecesVerified}/{moment.PieceCount} pieces");
        }
    }

    private sealed record Active(Download Download, object Target)
    {
        public BatchProgress.Line Line { get; } = new($"{Download.Request.Group}: {Download.Request.Name}");
    }
}
