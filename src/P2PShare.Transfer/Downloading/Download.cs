using P2PShare.Protocol;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>A file that is being fetched, is suspended, has ended, or was left by an earlier shell. Safe for concurrent use.</summary>
public sealed class Download : IDownload
{
    private readonly DownloadDependencies _dependencies;
    private readonly Lock _lock = new();
    private readonly DownloadRecord _record;
    private readonly long _bytesVerifiedBefore;
    private TaskCompletionSource _completion = CreateCompletion();
    private Func<Task> _cancel = static () => Task.CompletedTask;
    private Task _running = Task.CompletedTask;
    private DownloadState _state;
    private DownloadState _stateAfterCancel;
    private BandwidthLimiter? _limiter;
    // Null unless it runs. A list of downloads lives as long as the peer server: what remains of an ended one is numbers.
    private Func<DownloadProgress>? _readProgress;
    private Func<DownloadTimes>? _readTimes;
    private Numbers? _last;

    /// <param name="isSaved">Whether the state folder has it.</param>
    internal Download(DownloadDependencies dependencies, SavedDownload saved, bool isSaved = true)
    {
        _record = new DownloadRecord(dependencies.Store, dependencies.Logger, saved, isSaved);
        _dependencies = dependencies;
        _bytesVerifiedBefore = saved.BytesVerified;
        Id = saved.Id;
        Request = saved.Request;
        Created = saved.Created;
        Error = saved.Error;
        _state = saved.State;
        Settle();
    }

    public Guid Id { get; }

    public DownloadRequest Request { get; private set; }

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
    /// Most bytes a second that it takes; null: no limit of its own. Takes effect at once, and is not kept for the next shell.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public long? Limit
    {
        get => Volatile.Read(ref _limiter)?.Limit;
        set => Limiter.Limit = value;
    }

    /// <summary>Why it failed; null unless <see cref="DownloadState.Failed"/>.</summary>
    public P2PShareException? Error { get; private set; }

    public DownloadProgress Progress => Volatile.Read(ref _readProgress)?.Invoke() ?? Volatile.Read(ref _last)?.Progress ?? ReadSavedProgress();

    /// <summary>Where the time went since it was last started or resumed in this process; all zero if it was not.</summary>
    public DownloadTimes Times => Volatile.Read(ref _readTimes)?.Invoke() ?? Volatile.Read(ref _last)?.Times ?? default;

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

    /// <summary>Suspends a running download, its verified pieces recorded. Does nothing in any other state.</summary>
    public Task SuspendAsync() => EndAsync(DownloadState.Suspended);

    /// <summary>Ends a running or suspended download; the part file stays and a resume continues from it.</summary>
    public Task StopAsync() => EndAsync(DownloadState.Stopped);

    /// <summary>Continues a suspended, failed or stopped download. Does nothing in any other state.</summary>
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
                _completion = CreateCompletion();
            }

            Start();
        }
    }

    /// <summary>Lets the next run take bytes from these files.</summary>
    internal void Reuse(IReadOnlyList<ReuseFile> files) => Request = Request with { ReuseFrom = files };

    /// <summary>Starts a download that was just made.</summary>
    internal void Start()
    {
        lock (_lock)
        {
            var isSmall = _dependencies.SmallContents?.Accepts(Request) == true;
            if (!isSmall && (_state != DownloadState.Running || !_record.IsSaved))
            {
                // So that other shells see it run.
                Save(DownloadState.Running, null, Progress.BytesVerified);
            }

            _state = DownloadState.Running;
            HasRun = true;
            Error = null;
            var cancellation = new CancellationTokenSource();
            _cancel = cancellation.CancelAsync;
            var before = _running;
            var cancellationToken = cancellation.Token;
            _running = Task.Run(() => RunAsync(before, isSmall, cancellationToken), CancellationToken.None);
        }
    }

    // Most small downloads need none.
    private BandwidthLimiter Limiter => LazyInitializer.EnsureInitialized(ref _limiter, () => new BandwidthLimiter(_dependencies.Clock));

    private static TaskCompletionSource CreateCompletion() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static string Describe(DownloadState state) => state switch
    {
        DownloadState.Complete => "complete",
        DownloadState.Suspended => "suspended",
        DownloadState.Stopped => "stopped",
        _ => "failed",
    };

    private DownloadProgress ReadSavedProgress()
    {
        var content = Request.Content;
        var isComplete = State == DownloadState.Complete;
        return new DownloadProgress(
            isComplete ? content.Size : _bytesVerifiedBefore,
            content.Size,
            isComplete ? content.PieceCount : (int)(_bytesVerifiedBefore / content.PieceLength),
            content.PieceCount,
            0,
            null,
            0,
            0);
    }

    private async Task RunAsync(Task before, bool isSmall, CancellationToken cancellationToken)
    {
        await before.ConfigureAwait(false);
        var activity = _dependencies.Metrics.StartDownload(Request.Content);
        var meters = new DownloadMeters(_dependencies.Clock);
        _readTimes = () => meters.Timings.Times;
        var (state, error) = await RunSessionAsync(isSmall, meters, cancellationToken).ConfigureAwait(false);
        meters.Timings.End();
        var last = new Numbers(Progress, meters.Timings.Times);
        lock (_lock)
        {
            _state = state;
            Error = error;
            _cancel = static () => Task.CompletedTask;
            Volatile.Write(ref _last, last);
            Volatile.Write(ref _readProgress, null);
            Volatile.Write(ref _readTimes, null);
        }

        _dependencies.Metrics.DownloadEnded(activity, Describe(state), error, Times);
        Save(state, error, Progress.BytesVerified);
        Settle();
    }

    private async Task<(DownloadState State, P2PShareException? Error)> RunSessionAsync(bool isSmall, DownloadMeters meters, CancellationToken cancellationToken)
    {
        try
        {
            if (isSmall && await TryFetchSmallAsync(meters, cancellationToken).ConfigureAwait(false))
            {
                return (DownloadState.Complete, null);
            }

            using var turn = isSmall ? await _dependencies.SmallContents!.OrdinaryTurns.WaitAsync(cancellationToken).ConfigureAwait(false) : null;
            // Until the file is finished, and can be compared in place of asking sources.
            using var asking = Request.Content.Size > 0 ? await _dependencies.Turns.BeginDownloadAsync(Request).ConfigureAwait(false) : null;
            var session = await DownloadSession.OpenAsync(
                _dependencies, Request, Limiter, meters, bytes => Save(DownloadState.Running, null, bytes), cancellationToken).ConfigureAwait(false);
            _readProgress = () => session.Progress;
            await session.RunAsync(cancellationToken).ConfigureAwait(false);
            return (DownloadState.Complete, null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return (_stateAfterCancel, null);
        }
        catch (P2PShareException e)
        {
            return (DownloadState.Failed, e);
        }
        catch (Exception e)
        {
            return (DownloadState.Failed, new P2PShareException(ErrorCode.DownloadFailed, $"The download of '{Request.Name}' failed: {e.Message}", e));
        }
    }

    private async Task<bool> TryFetchSmallAsync(DownloadMeters meters, CancellationToken cancellationToken)
    {
        var complete = new SavedDownload(Id, Request, DownloadState.Complete, null, Request.Content.Size, Created);
        if (await _dependencies.SmallContents!.TryFetchAsync(new WantedContent(complete, () => Limit is not null), cancellationToken).ConfigureAwait(false))
        {
            meters.Speed.Add(Request.Content.Size);
            _readProgress = () => new DownloadProgress(Request.Content.Size, Request.Content.Size, 1, 1, 0, null, Request.Content.Size, 0);
            _record.SetComplete();
            return true;
        }

        Save(DownloadState.Running, null, Progress.BytesVerified);
        return false;
    }

    private void Save(DownloadState state, P2PShareException? error, long bytesVerified) => _record.Save(state, error, bytesVerified);

    private async Task EndAsync(DownloadState state)
    {
        Task running;
        Func<Task> cancel;
        lock (_lock)
        {
            if (_state == DownloadState.Suspended && state == DownloadState.Stopped)
            {
                _state = state;
                Save(state, null, Progress.BytesVerified);
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
                _completion.TrySetException(new P2PShareException(ErrorCode.DownloadStopped, $"The download of '{Request.Name}' was stopped. It can be resumed."));
                break;
            default:
                return;
        }

        // Observed, in case no caller waits for it.
        _ = _completion.Task.Exception;
    }

    private sealed record Numbers(DownloadProgress Progress, DownloadTimes Times);
}
