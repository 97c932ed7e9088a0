using P2PShare.Cmdlets.Jobs;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Downloads as a job. Its output is the received files, its progress that of the downloads.</summary>
public sealed class ReceiveJob : P2PJob
{
    private readonly IReadOnlyList<(DownloadRequest Request, object Target)> _requests;
    private readonly int _limit;
    private readonly ReceiveLoop _loop;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failures;

    /// <param name="limit">Most downloads at a time.</param>
    /// <param name="fileLimit">As <see cref="DownloadBatch.FileLimit"/>.</param>
    internal ReceiveJob(
        PeerServer server,
        IReadOnlyList<(DownloadRequest Request, object Target)> requests,
        int limit,
        long? fileLimit,
        string destination,
        bool showsProgress)
        : base("Receive-P2PFile", "P2PReceive", "P2PReceive")
    {
        _requests = requests;
        _limit = limit;
        _loop = new ReceiveLoop(
            server, limit, fileLimit, Add,
            new BatchProgress(ReceiveLoop.ActivityId, ReceiveLoop.Activity, showsProgress ? AddProgress : null));
        Location = destination;
    }

    /// <summary>The folder that the files go to.</summary>
    public override string Location { get; }

    /// <summary>Returns when the first downloads run, so that Get-P2PDownload shows them.</summary>
    internal Task StartAsync()
    {
        Start(RunAsync);
        return _started.Task;
    }

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            var added = 0;
            foreach (var (request, target) in _requests)
            {
                await _loop.AddAsync(request, target, stop).ConfigureAwait(false);
                if (++added == _limit)
                {
                    _started.TrySetResult();
                }
            }

            _started.TrySetResult();
            await _loop.DrainAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            _started.TrySetResult();
            await _loop.StopAsync().ConfigureAwait(false);
        }

        if (_failures > 0)
        {
            SetFailed($"{_failures} of {_requests.Count} files could not be received; Receive-Job shows why.");
        }
    }

    private void Add(DownloadOutcome outcome)
    {
        if (outcome.Fault is { } fault)
        {
            _failures++;
            AddError(Faults.ToErrorRecord(fault, outcome.Target));
        }
        else
        {
            AddOutput(ReceivedFile.Describe(new FileInfo(outcome.Request.Destination), outcome));
        }
    }
}
