using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Takes the blocks that arrive: hashes them, and verifies, writes and announces each piece that is whole. Called by the
/// threads that read from the connections; safe for concurrent use.
/// </summary>
/// <param name="haves">Announces pieces that are verified.</param>
/// <param name="done">Set when the content is complete, or failed when it cannot be written.</param>
internal sealed class PieceReceiver(
    ContentDescription content,
    IPartFile part,
    RequestScheduler scheduler,
    RequestSender requests,
    SourcePool sources,
    HaveCoalescer haves,
    DownloadMeters meters,
    TransferMetrics metrics,
    TaskCompletionSource done,
    TimeProvider clock)
{
    /// <inheritdoc cref="RequestScheduler.BeginReceive"/>
    public BlockRequest? Begin(DownloadSource source, PieceHeader header, int count) =>
        scheduler.BeginReceive(source, header.Piece, header.Begin, count);

    /// <inheritdoc cref="RequestScheduler.AbortReceive"/>
    public void Abort(BlockRequest request) => scheduler.AbortReceive(request);

    /// <summary>Takes a request whose bytes have arrived.</summary>
    /// <param name="since">When this side began to wait for them, a timestamp of the clock.</param>
    public void End(DownloadSource source, BlockRequest request, long since)
    {
        meters.Timings.AddNetwork(Math.Max(since, source.RequestedAt));
        var hashing = clock.GetTimestamp();
        request.Hash();
        meters.Timings.AddHashing(hashing);
        meters.Speed.Add(request.Length);
        var (isWhole, losers) = scheduler.EndReceive(source, request);
        foreach (var loser in losers)
        {
            loser.Peer.Cancel(request.ToRange(loser.Peer.ChannelId));
        }

        // Before verifying and writing: the other side works meanwhile.
        requests.Send(source);
        sources.AddBulkConnections(source);
        if (isWhole)
        {
            Verify(request.Piece);
        }
    }

    private void Verify(ActivePiece piece)
    {
        if (piece.ComputeHash(content) != part.PieceHash(piece.Index))
        {
            metrics.HashFailed();
            Ban(scheduler.Fail(piece), "it sent a wrong piece");
            requests.SendAll();
            return;
        }

        var writing = clock.GetTimestamp();
        try
        {
            part.WritePiece(piece.Index, piece.Data);
            meters.Timings.AddDisk(writing);
        }
        catch (P2PShareException e)
        {
            done.TrySetException(e);
            return;
        }
        catch (ObjectDisposedException) when (done.Task.IsCompleted)
        {
            // The download ended while this piece arrived.
            return;
        }

        metrics.PieceVerified(piece.Length, clock.GetElapsedTime(writing));
        var index = piece.Index;
        Ban(scheduler.Complete(piece), "it sent wrong blocks");
        haves.Add(index);
        if (part.BytesVerified == content.Size)
        {
            done.TrySetResult();
        }
    }

    private void Ban(IReadOnlyList<Hash256> senders, string why)
    {
        foreach (var sender in senders)
        {
            sources.Ban(sender, why);
        }
    }
}
