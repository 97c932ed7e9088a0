using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Peers;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>
/// Receives files, several at a time, and tells what becomes of each as soon as it is known. One caller at a time; the
/// cmdlet uses it on the pipeline thread, the job on its own.
/// </summary>
/// <param name="limit">Most downloads at a time; at least 1.</param>
/// <param name="received">A file is there under its name.</param>
/// <param name="failed">A file could not be received; with what was asked for.</param>
internal sealed class Receiver(
    PeerServer server, int limit, Action<FileInfo> received, Action<P2PShareException, object> failed, Action<ProgressRecord> progress)
{
    public const int ActivityId = 20800;
    private const string Activity = "Receiving files";

    private readonly List<Active> _active = [];
    private readonly HashSet<(string, Hash256?)> _seen = [];
    private long _bytesAsked;
    private long _bytesFinished;
    private int _asked;
    private int _finished;
    private long _shown = Environment.TickCount64;
    private bool _anyShown;

    /// <summary>Starts a download, when there is room for one more. The same file into the same place is received once.</summary>
    /// <param name="target">What was asked for, for <paramref name="failed"/>.</param>
    public async Task AddAsync(DownloadRequest request, object target, CancellationToken cancellationToken)
    {
        if (!_seen.Add((request.Destination, request.Content.PiecesRoot)))
        {
            return;
        }

        while (_active.Count >= limit)
        {
            await WaitAsync(cancellationToken);
        }

        try
        {
            var download = server.StartDownload(request);
            var slot = Enumerable.Range(1, limit).First(number => _active.TrueForAll(active => active.Slot != number));
            _active.Add(new Active(download, slot, target));
            _bytesAsked += request.Content.Size;
            _asked++;
        }
        catch (P2PShareException e)
        {
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

        if (_anyShown)
        {
            progress(ProgressText.Completed(ActivityId, -1, Activity));
        }
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
            .. _active.Select(active => active.Download.Completion), server.Completion, Task.Delay(ProgressText.Interval, tick.Token)]);
        await tick.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var ended in _active.FindAll(active => active.Download.Completion.IsCompleted))
        {
            await FinishAsync(ended);
        }

        if (server.Completion.IsCompleted)
        {
            Abandon();
        }

        Show();
    }

    // Its downloads are on hold, and nobody can let them go on: the next peer server has its own.
    private void Abandon()
    {
        foreach (var active in _active)
        {
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
        _finished++;
        _bytesFinished += ended.Download.Request.Content.Size;
        if (ended.Shown)
        {
            progress(ProgressText.Completed(ActivityId + ended.Slot, ActivityId, ended.Activity));
        }

        try
        {
            await ended.Download.Completion;
        }
        catch (P2PShareException e)
        {
            failed(e, ended.Target);
            return;
        }

        received(new FileInfo(ended.Download.Request.Destination));
    }

    private void Show()
    {
        var now = Environment.TickCount64;
        if (now - _shown < ProgressText.Interval.TotalMilliseconds || _active.Count == 0)
        {
            return;
        }

        _shown = now;
        _anyShown = true;
        var moments = _active.ConvertAll(active => (Active: active, Now: active.Download.Progress));
        var bytes = _bytesFinished + moments.Sum(moment => moment.Now.BytesVerified);
        var speed = moments.Sum(moment => moment.Now.BytesPerSecond);
        int? left = speed > 0 ? (int)Math.Min((_bytesAsked - bytes) / speed, int.MaxValue) : null;
        progress(ProgressText.Record(ActivityId, -1, Activity, bytes, _bytesAsked, speed, left, $"{_finished} of {_asked} files"));
        foreach (var (active, moment) in moments)
        {
            active.Shown = true;
            progress(ProgressText.Record(
                ActivityId + active.Slot, ActivityId, active.Activity, moment.BytesVerified, moment.BytesTotal, moment.BytesPerSecond,
                moment.TimeLeft is { } time ? (int)Math.Min(time.TotalSeconds, int.MaxValue) : null,
                active.Download.State == DownloadState.Suspended ? "on hold"
                    : moment.Sources == 0 ? "looking for sources"
                    : $"{moment.PiecesVerified} of {moment.PieceCount} pieces, {moment.Sources} source{(moment.Sources == 1 ? "" : "s")}"));
        }
    }

    private sealed record Active(Download Download, int Slot, object Target)
    {
        public bool Shown { get; set; }

        public string Activity => $"{Download.Request.Group}: {Download.Request.Name}";
    }
}
