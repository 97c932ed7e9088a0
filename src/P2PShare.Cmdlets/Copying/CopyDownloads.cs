using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Copying;

/// <summary>Receives the files of a copy, several at a time. Its numbers may be read on any thread.</summary>
/// <param name="expected">What is to be received: only files of <paramref name="owner"/>, and all of these; null: whatever the group has.</param>
/// <param name="owner">The user who shared it first.</param>
internal sealed class CopyDownloads(CopyPeer peer, CopyDestination destination, bool force, CopyListing? expected = null, string owner = "")
{
    private const int FilesAtOnce = 16;
    private const int MaxFaults = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly List<string> _faults = [];
    private long _reused;
    private volatile CopyStatus _status = new(CopyStatus.Copying);

    public CopyStatus Status => _status with { IsThroughSession = IsThroughSession };

    /// <summary>Whether the bytes come through the session, because no other way goes.</summary>
    public bool IsThroughSession { get; set; }

    /// <summary>Receives all files of a group.</summary>
    /// <returns>What became of them; faults are in <see cref="CopyStatus.Error"/>.</returns>
    public async Task<CopyStatus> RunAsync(string group, CancellationToken cancellationToken)
    {
        var batch = new DownloadBatch(peer.Server.Downloads.Start, peer.Server.Completion, FilesAtOnce);
        var failed = 0;
        try
        {
            // Listed first: the total is known before the first byte arrives.
            var files = new List<FileResponse>();
            await foreach (var file in peer.Tracker.ListFilesAsync(group, ListQuery.All, cancellationToken).ConfigureAwait(false))
            {
                // What another member shares is none of this copy.
                if (expected is null || file.Owner == owner)
                {
                    files.Add(file);
                }
            }

            if (expected is not null && CopyListing.Of(files) != expected)
            {
                throw new P2PShareException(
                    ErrorCode.CopyFailed,
                    "The group does not have the files that the sender shared: another target has replaced some, or removed them. Nothing was received. "
                    + "Copy again without the target that you do not trust.");
            }

            var total = files.Sum(file => file.Size);
            foreach (var file in files)
            {
                while (!batch.HasRoom)
                {
                    failed += await StepAsync(batch, total, cancellationToken).ConfigureAwait(false);
                }

                try
                {
                    batch.Start(new DownloadRequest(file.GroupIdentity, file.Name, file.Content, destination.Take(file.Name), force) { Attributes = file.Attributes }, file);
                }
                catch (P2PShareException e)
                {
                    failed++;
                    AddFault(e.Message);
                }
            }

            while (!batch.IsEmpty)
            {
                failed += await StepAsync(batch, total, cancellationToken).ConfigureAwait(false);
            }

            var error = failed == 0 ? null : failed == 1 ? _faults[0] : $"{failed} of {files.Count} files failed: {string.Join(" ", _faults)}";
            _status = Snapshot(batch, total) with { Error = error };
            return Status;
        }
        finally
        {
            await batch.StopAsync().ConfigureAwait(false);
        }
    }

    private async Task<int> StepAsync(DownloadBatch batch, long total, CancellationToken cancellationToken)
    {
        using var step = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(batch.WaitAsync(step.Token), Task.Delay(Interval, TimeProvider.System, step.Token)).ConfigureAwait(false);
        await step.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        var failed = 0;
        while (batch.TryTake(out var outcome))
        {
            _reused += (outcome.Progress?.BytesReused ?? 0) + (outcome.Progress?.BytesZero ?? 0);
            if (outcome.Fault is { } fault)
            {
                failed++;
                var part = outcome.Request.Destination + ".p2ppart";
                AddFault(File.Exists(part) ? $"{fault.Message} What was received is in '{part}'; the same command continues it." : fault.Message);
            }
        }

        _status = Snapshot(batch, total);
        return failed;
    }

    private void AddFault(string sentence)
    {
        if (_faults.Count < MaxFaults)
        {
            _faults.Add(sentence);
        }
    }

    private CopyStatus Snapshot(DownloadBatch batch, long total)
    {
        var now = batch.GetProgress();
        // Each copy has a state of its own, which knows nothing of a part file: what was verified and did not arrive was in it.
        var reused = Math.Max(now.BytesVerified - now.BytesFetched, _reused + now.Running.Sum(one => one.Progress.BytesReused + one.Progress.BytesZero));
        return new CopyStatus(CopyStatus.Copying, peer.Server.Fingerprint.ToString(), now.BytesVerified, total, now.BytesFetched, reused);
    }
}
