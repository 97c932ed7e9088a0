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
    DownloadDependencies dependencies,
    DownloadRequest request,
    IPartFile part,
    RequestScheduler scheduler,
    RequestSender requests,
    SourcePool sources,
    HaveCoalescer haves,
    DownloadMeters meters,
    TaskCompletionSource done)
{
    private readonly ContentDescription _content = request.Content;
    private readonly TransferMetrics _metrics = dependencies.Metrics;
    private readonly TimeProvider _clock = dependencies.Clock;
    private int _hasReported;

    /// <inheritdoc cref="RequestScheduler.BeginReceive"/>
    public BlockRequest? Begin(DownloadSource source, PieceHeader header, int count) =>
        scheduler.BeginReceive(source, header.Piece, header.Begin, count);

    /// <inheritdoc cref="RequestScheduler.AbortReceive"/>
    public void Abort(BlockRequest block) => scheduler.AbortReceive(block);

    /// <summary>Takes a request whose bytes have arrived.</summary>
    /// <param name="since">When this side began to wait for them, a timestamp of the clock.</param>
    public void End(DownloadSource source, BlockRequest block, long since)
    {
        meters.Timings.AddNetwork(Math.Max(since, source.RequestedAt));
        var hashing = _clock.GetTimestamp();
        block.Hash();
        meters.Timings.AddHashing(hashing);
        meters.Speed.Add(block.Length);
        var (isWhole, losers) = scheduler.EndReceive(source, block);
        foreach (var loser in losers)
        {
            loser.Peer.Cancel(block.ToRange(loser.Peer.ChannelId));
        }

        // Before verifying and writing: the other side works meanwhile.
        requests.Send(source);
        sources.AddBulkConnections(source);
        if (isWhole)
        {
            Verify(block.Piece);
        }
    }

    /// <summary>Takes a piece that this side has already.</summary>
    /// <param name="bytes">Their hash is right.</param>
    public void AddReused(int index, ReadOnlySpan<byte> bytes)
    {
        if (TryWrite(index, bytes))
        {
            meters.AddReused(bytes.Length);
            scheduler.AddVerified(index);
            Announce(index);
        }
    }

    /// <summary>Takes a piece that is in the part already, and shares the storage of a local file.</summary>
    /// <param name="index">Its hash is right.</param>
    public void AddReflinked(int index)
    {
        part.MarkVerified(index);
        _metrics.PieceVerified(_content.PieceSize(index), TimeSpan.Zero);
        meters.AddReused(_content.PieceSize(index));
        scheduler.AddVerified(index);
        Announce(index);
    }

    /// <summary>Makes a piece of which no block has to be fetched; one that turns out wrong is fetched whole.</summary>
    public void Fill(PiecePlan plan)
    {
        try
        {
            using var piece = new ActivePiece(_content, plan.Piece, _content.PieceLength, plan);
            if (IsRight(piece))
            {
                AddFilled(plan, piece);
                return;
            }

            Report("local bytes have changed, or cannot be read any more.");
        }
        catch (Exception e) when (e is not ObjectDisposedException)
        {
            // Whatever it is: the piece must not stay held.
            Report(e.Message);
        }

        scheduler.Release(plan.Piece, plan: null);
        requests.SendAll();
    }

    // What keeps one piece from being made may keep thousands.
    private void Report(string problem)
    {
        if (Interlocked.Exchange(ref _hasReported, 1) == 0)
        {
            dependencies.Logger.PieceNotFilled(request.Name, problem);
        }
    }

    private void AddFilled(PiecePlan plan, ActivePiece piece)
    {
        if (TryWrite(plan.Piece, piece.Data))
        {
            CountPlan(plan);
            scheduler.AddVerified(plan.Piece);
            Announce(plan.Piece);
        }
    }

    private bool IsRight(ActivePiece piece) => piece.TryFill() && piece.ComputeHash(_content) == part.PieceHash(piece.Index);

    private void Verify(ActivePiece piece)
    {
        if (!IsRight(piece))
        {
            _metrics.HashFailed();
            Ban(scheduler.Fail(piece), "it sent a wrong piece");
            requests.SendAll();
            return;
        }

        if (TryWrite(piece.Index, piece.Data))
        {
            var (index, plan) = (piece.Index, piece.Plan);
            Ban(scheduler.Complete(piece), "it sent wrong blocks");
            CountPlan(plan);
            Announce(index);
        }
    }

    // False if the download ends, or has ended.
    private bool TryWrite(int index, ReadOnlySpan<byte> data)
    {
        var writing = _clock.GetTimestamp();
        try
        {
            part.WritePiece(index, data);
            meters.Timings.AddDisk(writing);
        }
        catch (P2PShareException e)
        {
            done.TrySetException(e);
            return false;
        }
        catch (ObjectDisposedException) when (done.Task.IsCompleted)
        {
            // The download ended while this piece arrived.
            return false;
        }

        _metrics.PieceVerified(data.Length, _clock.GetElapsedTime(writing));
        return true;
    }

    private void CountPlan(PiecePlan? plan)
    {
        if (plan is not null)
        {
            meters.AddReused(plan.BytesReused);
            meters.AddZero(plan.BytesZero);
        }
    }

    private void Announce(int index)
    {
        haves.Add(index);
        if (part.BytesVerified == _content.Size)
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
