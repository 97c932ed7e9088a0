using P2PShare.Protocol;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>One file being fetched, put on hold, finished, or left from an earlier shell. Safe for concurrent use.</summary>
public sealed class Download : IDownload
{
    private readonly PeerServer _server;
    private readonly DownloadStore _catalog;
    private readonly BandwidthLimiter _limiter = new(TimeProvider.System);
    private readonly Lock _lock = new();
    private readonly long _bytesVerifiedBefore;
    private TaskCompletionSource _completion = NewCompletion();
    private Func<Task> _cancel = () => Task.CompletedTask;
    private Task _running = Task.CompletedTask;
    private DownloadState _state;
    private DownloadState _stateAfterCancel;
    private DownloadSession? _run;

    internal Download(PeerServer server, DownloadStore catalog, SavedDownload saved)
    {
        _server = server;
        _catalog = catalog;
        _bytesVerifiedBefore = saved.BytesVerified;
        Id = saved.Id;
        Request = saved.Request;
        Created = saved.Created;
        Error = saved.Error;
        _state = saved.State;
        Settle();
    }

    public Guid Id { get; }

    public DownloadRequest Request { get; }

    public DateTimeOffset Created { get; }

    /// <summary>Whether this peer server has run it; else it is as an earlier or another shell left it.</summary>
    public bool HasRun { get; private set; }

    public DownloadState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <summary>
    /// Most bytes a second that it takes; null: no limit of its own. Takes effect at once, and not kept for the next shell.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public long? Limit
    {
        get => _limiter.Limit;
        set => _limiter.Limit = value;
    }

    /// <summary>Why it failed; null unless <see cref="DownloadState.Failed"/>.</summary>
    public P2PShareException? Error { get; private set; }

    public DownloadProgress Progress => _run?.Progress ?? new DownloadProgress(
        State == DownloadState.Complete ? Request.Content.Size : _bytesVerifiedBefore,
        Request.Content.Size,
        State == DownloadState.Complete ? Request.Content.PieceCount : (int)(_bytesVerifiedBefore / Request.Content.PieceLength),
        Request.Content.PieceCount,
        0,
        null,
        0,
        0);

    /// <summary>Where the time of its last stretch went, from its start or resume in this process; all zero where there was none.</summary>
    public DownloadTimes Times => _run?.Times ?? default;

    /// <summary>
    /// Ends when the download is complete, and throws <see cref="P2PShareException"/> when it failed or was stopped. While it is
    /// suspended it stays open.
    /// </summary>
    public Task Completion
    {
        get
        {
            lock (_lock)
            {
                return _completion.Task;
            }
        }
    }

    /// <summary>Puts a running download on hold, its verified pieces recorded. Nothing happens in any other state.</summary>
    public Task SuspendAsync() => EndAsync(DownloadState.Suspended);

    /// <summary>Ends a running or suspended download; the part file stays and a resume goes on from it.</summary>
    public Task StopAsync() => EndAsync(DownloadState.Stopped);

    /// <summary>Lets a suspended, failed or stopped download go on. Nothing happens in any other state.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            if (_state is DownloadState.Running or DownloadState.Complete)
            {
                return;
            }

            if (_completion.Task.IsCompleted)
            {
                _completion = NewCompletion();
            }

            Start();
        }
    }

    /// <summary>Starts a download that was just made.</summary>
    internal void Start()
    {
        lock (_lock)
        {
            if (_state != DownloadState.Running)
            {
                // Another shell that looks has to see it run.
                _server.Keep(_catalog.UpdateAsync(Id, DownloadState.Running, null, Progress.BytesVerified));
            }

            _state = DownloadState.Running;
            HasRun = true;
            Error = null;
            var cancellation = new CancellationTokenSource();
            _cancel = cancellation.CancelAsync;
            var before = _running;
            var cancellationToken = cancellation.Token;
            _running = Task.Run(() => RunAsync(before, cancellationToken), CancellationToken.None);
        }
    }

    private async Task RunAsync(Task before, CancellationToken cancellationToken)
    {
        await before.ConfigureAwait(false);
        var state = DownloadState.Failed;
        P2PShareException? error = null;
        var activity = _server.TransferMetrics.StartDownload(Request);
        try
        {
            using var run = new DownloadSession(_server, Request, _limiter, Keep);
            _run = run;
            await run.RunAsync(cancellationToken).ConfigureAwait(false);
            state = DownloadState.Complete;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            state = _stateAfterCancel;
        }
        catch (P2PShareException e)
        {
            error = e;
        }
        catch (Exception e)
        {
            error = new P2PShareException(ErrorCode.DownloadFailed, $"The download of '{Request.Name}' failed: {e.Message}", e);
        }

        lock (_lock)
        {
            _state = state;
            Error = error;
        }

        _server.TransferMetrics.DownloadEnded(activity, state, error, Times);
        _server.Keep(_catalog.UpdateAsync(Id, state, error, Progress.BytesVerified));
        Settle();
    }

    private void Keep(long bytesVerified) => _server.Keep(_catalog.UpdateAsync(Id, DownloadState.Running, null, bytesVerified));

    private async Task EndAsync(DownloadState state)
    {
        Task running;
        Func<Task> cancel;
        lock (_lock)
        {
            if (_state == DownloadState.Suspended && state == DownloadState.Stopped)
            {
                _state = state;
                _server.Keep(_catalog.UpdateAsync(Id, state, null, Progress.BytesVerified));
                Settle();
                return;
            }

            if (_state != DownloadState.Running)
            {
                return;
            }

            _stateAfterCancel = state;
            running = _running;
            cancel = _cancel;
        }

        await cancel().ConfigureAwait(false);
        await running.ConfigureAwait(false);
    }

    private void Settle()
    {
        switch (State)
        {
            case DownloadState.Complete:
                _completion.TrySetResult();
                break;
            case DownloadState.Failed:
                _completion.TrySetException(Error ?? new P2PShareException(ErrorCode.DownloadFailed, $"The download of '{Request.Name}' failed."));
                break;
            case DownloadState.Stopped:
                _completion.TrySetException(new P2PShareException(
                    ErrorCode.DownloadStopped, $"The download of '{Request.Name}' was stopped."));
                break;
            default:
                return;
        }

        // Nobody may be waiting, and then nobody has to know.
        _ = _completion.Task.Exception;
    }

    private static TaskCompletionSource NewCompletion() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
