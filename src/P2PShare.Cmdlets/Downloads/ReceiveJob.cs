using P2PShare.Cmdlets.Jobs;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Downloads as a job: its output are the received files, its progress the downloads'.</summary>
public sealed class ReceiveJob : P2PJob
{
    private readonly PeerServer _server;
    private readonly IReadOnlyList<(DownloadRequest Request, object Target)> _requests;
    private readonly int _limit;
    private readonly long? _fileLimit;
    private readonly bool _showsProgress;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failures;

    /// <param name="limit">Most downloads at a time.</param>
    /// <param name="fileLimit">As <see cref="Receiver.FileLimit"/>.</param>
    internal ReceiveJob(
        PeerServer server,
        IReadOnlyList<(DownloadRequest Request, object Target)> requests,
        int limit,
        long? fileLimit,
        string destination,
        bool showsProgress)
        : base("Receive-P2PFile", "P2PReceive", "P2PReceive")
    {
        _server = server;
        _requests = requests;
        _limit = limit;
        _fileLimit = fileLimit;
        _showsProgress = showsProgress;
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
        var receiver = new Receiver(
            _server, _limit, AddOutput,
            (fault, target) =>
            {
                _failures++;
                AddError(Faults.ToErrorRecord(fault, target));
            },
            new BatchProgress(Receiver.ActivityId, Receiver.Activity, _showsProgress ? AddProgress : null))
        {
            FileLimit = _fileLimit,
        };
        try
        {
            var added = 0;
            foreach (var (request, target) in _requests)
            {
                await receiver.AddAsync(request, target, stop).ConfigureAwait(false);
                if (++added == _limit)
                {
                    _started.TrySetResult();
                }
            }

            _started.TrySetResult();

            await receiver.DrainAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            _started.TrySetResult();
            await receiver.StopAsync().ConfigureAwait(false);
        }

        if (_failures > 0)
        {
            SetFailed($"{_failures} of {_requests.Count} files could not be received; Receive-Job shows why.");
        }
    }
}
