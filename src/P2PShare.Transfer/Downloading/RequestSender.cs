using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Sends requests to the sources of one download: for the piece layer while no piece can be verified, then for blocks. Safe
/// for concurrent use.
/// </summary>
/// <param name="canVerify">Whether the hashes of the pieces are known already.</param>
internal sealed class RequestSender(
    RequestScheduler scheduler, PieceLayerFetch layer, SourcePool sources, DownloadTimings timings, bool canVerify)
{
    private volatile bool _canVerify = canVerify;

    /// <summary>Records that the hashes of the pieces are known: blocks are requested from now on.</summary>
    public void StartBlocks() => _canVerify = true;

    /// <summary>Sends a source as many requests as it may have pending.</summary>
    public void Send(DownloadSource source)
    {
        if (!_canVerify)
        {
            if (layer.TryStart(source, out var ranges))
            {
                foreach (var range in ranges)
                {
                    source.Peer.RequestHashes(range);
                }
            }

            return;
        }

        while (scheduler.TryTakeNext(source, out var range))
        {
            timings.HasSources(true);
            source.Peer.Request(range);
        }
    }

    public void SendAll()
    {
        foreach (var source in sources.Connected)
        {
            Send(source);
        }
    }

    /// <summary>Whether any source can send something that is missing.</summary>
    public bool HasUsefulSource() => sources.Connected.Any(source => (_canVerify || layer.CanAsk(source)) && scheduler.IsInteresting(source));
}
