using P2PShare.Cmdlets.Pipeline;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Receives files for a cmdlet or a job, several at a time, and writes what becomes of each as soon as it is known.</summary>
/// <param name="server">Runs the downloads.</param>
/// <param name="limit">Most downloads at a time; at least 1.</param>
/// <param name="fileLimit">As <see cref="DownloadBatch.FileLimit"/>.</param>
/// <param name="write">Writes what became of a download.</param>
internal sealed class ReceiveLoop(PeerServer server, int limit, long? fileLimit, Action<DownloadOutcome> write, BatchProgress progress)
    : BatchLoop(progress)
{
    public const int ActivityId = 20800;
    public const string Activity = "Receiving files";

    private readonly DownloadBatch _batch = new(server.Downloads.Start, server.Completion, limit) { FileLimit = fileLimit };
    private readonly BatchProgress _progress = progress;

    protected override bool HasRoom => _batch.HasRoom;

    protected override bool IsEmpty => _batch.IsEmpty;

    /// <summary>Starts a download as soon as there is room for one more.</summary>
    /// <param name="target">Returned with the outcome.</param>
    public async Task AddAsync(DownloadRequest request, object target, CancellationToken cancellationToken)
    {
        if (_batch.IsKnown(request))
        {
            return;
        }

        await MakeRoomAsync(cancellationToken);
        _batch.Start(request, target);
        WriteFinished();
    }

    /// <inheritdoc cref="DownloadBatch.StopAsync"/>
    public Task StopAsync() => _batch.StopAsync();

    protected override void WriteFinished()
    {
        while (_batch.TryTake(out var outcome))
        {
            _progress.End(outcome.Request);
            write(outcome);
        }
    }

    protected override Task WaitAsync(CancellationToken cancellationToken) => _batch.WaitAsync(cancellationToken);

    protected override void Show(BatchProgress progress)
    {
        var now = _batch.GetProgress();
        progress.Show(
            now.BytesVerified, now.BytesTotal, now.BytesFetched,
            now.Failed == 0 ? $"{now.Finished} of {now.Started} files" : $"{now.Finished} of {now.Started} files, {now.Failed} failed",
            // Of hundreds of small files a line each would be no use.
            [.. now.Running.Take(limit).Select(one => new BatchProgress.FileLine(
                one.Download.Request, $"{one.Download.Request.Group}: {one.Download.Request.Name}",
                one.Progress.BytesVerified, one.Progress.BytesTotal, one.Progress.BytesPerSecond, one.Progress.TimeLeft,
                Describe(one.Download.State, one.Progress)))]);
    }

    private static string Describe(DownloadState state, DownloadProgress progress) => (state, progress.Sources) switch
    {
        (DownloadState.Suspended, _) => "suspended",
        (_, 0) => "looking for sources",
        (_, 1) => $"1 source, {progress.PiecesVerified}/{progress.PieceCount} pieces",
        _ => $"{progress.Sources} sources, {progress.PiecesVerified}/{progress.PieceCount} pieces",
    };
}
