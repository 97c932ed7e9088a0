using P2PShare.Protocol;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// A download from its start or resume until it is complete, fails or is suspended: opens and restores the part file, offers
/// it to other peers, copies what this machine has, fetches the rest, and gives the file its name.
/// </summary>
internal sealed class DownloadSession
{
    private readonly DownloadDependencies _dependencies;
    private readonly DownloadRequest _request;
    private readonly IPartFile _part;
    private readonly BandwidthLimiter _limiter;
    private readonly DownloadMeters _meters;
    private readonly Action<long> _recorded;
    private Func<int> _countSources = static () => 0;

    private DownloadSession(
        DownloadDependencies dependencies, DownloadRequest request, IPartFile part, BandwidthLimiter limiter, DownloadMeters meters, Action<long> recorded)
    {
        _dependencies = dependencies;
        _request = request;
        _part = part;
        _limiter = limiter;
        _meters = meters;
        _recorded = recorded;
    }

    public DownloadProgress Progress
    {
        get
        {
            var content = _request.Content;
            var verified = _part.BytesVerified;
            var speed = _meters.Speed.BytesPerSecond;
            var left = speed >= 1 ? TimeSpan.FromSeconds((content.Size - verified) / speed) : (TimeSpan?)null;
            return new DownloadProgress(
                verified, content.Size, _part.GetHave().Count, content.PieceCount, speed, left, _meters.Speed.Total, _countSources(),
                _meters.BytesReused, _meters.BytesZero);
        }
    }

    /// <summary>Opens the part file, which the session holds until it has run.</summary>
    /// <param name="limiter">Limits this download alone; the limit of the peer server applies as well.</param>
    /// <param name="recorded">Receives, every few seconds, how many bytes are verified.</param>
    /// <exception cref="P2PShareException">DestinationExists, DestinationInUse, DestinationInvalid, PathUnwritable.</exception>
    public static async Task<DownloadSession> OpenAsync(
        DownloadDependencies dependencies, DownloadRequest request, BandwidthLimiter limiter, DownloadMeters meters, Action<long> recorded, CancellationToken cancellationToken)
    {
        if (!request.Overwrite && File.Exists(request.Destination))
        {
            throw PartFile.Exists(request.Destination);
        }

        if (request.InPlace)
        {
            dependencies.Contents.RequireUnshared(request.Destination);
        }

        var part = await dependencies.FolderGate
            .RunAsync(() => dependencies.OpenPart(request), cancellationToken).ConfigureAwait(false);
        try
        {
            if (request.InPlace)
            {
                // Only now: a file that must not be changed is offered as before.
                dependencies.Contents.WithdrawFile(request.Destination);
            }
        }
        catch
        {
            part.Dispose();
            throw;
        }

        return new DownloadSession(dependencies, request, part, limiter, meters, recorded);
    }

    /// <summary>Runs once, and closes the part file.</summary>
    /// <exception cref="P2PShareException">It cannot continue; what was verified is kept.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunPartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (_request.InPlace)
        {
            OfferAgain();
            throw ReplacedFile.Explain(e, _request.Destination);
        }
        catch when (_request.InPlace)
        {
            OfferAgain();
            throw;
        }
    }

    // A file of which nothing was changed has its name back.
    private void OfferAgain()
    {
        if (File.Exists(_request.Destination))
        {
            _dependencies.Contents.OfferAgain(_request.Destination);
        }
    }

    private async Task RunPartAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_request.Content.Size == 0)
            {
                _part.Finish(_request.Destination, _request.Overwrite, _request.Attributes);
                return;
            }

            var restoring = _dependencies.Clock.GetTimestamp();
            await _part.RestoreAsync(cancellationToken).ConfigureAwait(false);
            _meters.Timings.AddDisk(restoring);
            var offered = _dependencies.Contents.Offer(_part, _request.Group, _request.Name, _request.IsEarlier);
            try
            {
                await CompleteAsync(offered, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _dependencies.Contents.Withdraw(offered, _part, _request.Group);
            }
        }
        catch
        {
            RecordQuietly();
            throw;
        }
        finally
        {
            _part.Dispose();
        }
    }

    private async Task CompleteAsync(OfferedContent offered, CancellationToken cancellationToken)
    {
        if (!offered.IsBacked(_part)
            && LocalCopy.Copy(_request.Content, offered, _part, _meters, cancellationToken) is { } problem)
        {
            // It is gone or has changed here: the rest comes from other peers.
            _dependencies.Contents.ReportUnreadable(offered, problem);
        }

        if (!_part.GetHave().IsComplete)
        {
            using var fetch = new SwarmFetch(_dependencies, _request, _part, offered, _meters, _limiter, Record);
            _countSources = () => fetch.PeerCount;
            await fetch.RunAsync(cancellationToken).ConfigureAwait(false);
        }

        var finishing = _dependencies.Clock.GetTimestamp();
        await _dependencies.FolderGate.RunAsync(
            () => _dependencies.Contents.Finish(offered, _part, _request.Destination, _request.Overwrite, _request.Attributes), cancellationToken).ConfigureAwait(false);
        _meters.Timings.AddDisk(finishing);
    }

    private void Record()
    {
        var recording = _dependencies.Clock.GetTimestamp();
        _part.Record();
        _meters.Timings.AddDisk(recording);
        _recorded(_part.BytesVerified);
    }

    private void RecordQuietly()
    {
        try
        {
            Record();
        }
        catch (Exception e) when (e is P2PShareException or ObjectDisposedException)
        {
            _dependencies.Logger.RecordFailed(_request.Name, e.Message);
        }
    }
}
