using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <content>What is asked of the sources, and what comes from them.</content>
internal sealed partial class DownloadSession
{
    public void ReceiveBitfield(DownloadSource source, Bitfield has)
    {
        _scheduler!.Join(source, has);
        _attempts.TryRemove(source.Fingerprint, out _);
        Ask(source);
    }

    public void ReceiveHaves(DownloadSource source, int[] pieces)
    {
        _scheduler!.AddHaves(source, pieces);
        Ask(source);
    }

    public void Rejected(DownloadSource source, BlockRange range)
    {
        _scheduler!.Rejected(source, range);
        AskAll();
    }

    public void ReceiveHashes(DownloadSource source, HashRange range, Hash256[] hashes)
    {
        switch (_layer.Receive(source, range, hashes))
        {
            case PieceLayerFetch.Result.Right:
                _ = AdoptHashesAsync();
                break;
            case PieceLayerFetch.Result.Wrong:
                Ban(source.Fingerprint, "it sent a wrong piece layer");
                AskAll();
                break;
            default:
                break;
        }
    }

    private async Task AdoptHashesAsync()
    {
        var part = _part!;
        try
        {
            part.SetPieceLayer(_layer.Hashes);
            if (part.HoldsUnrecorded)
            {
                await part.RestoreUnrecordedAsync(_ending.Token).ConfigureAwait(false);
                _scheduler!.AddVerified(part.GetHave());
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Reading is worth a try; what was not read is fetched.
            server.Trace($"What there was of '{request.Name}' was not used: {e.Message}");
        }

        _canVerify = true;
        if (part.GetHave().IsComplete)
        {
            _done.TrySetResult();
        }

        AskAll();
    }

    public void HashesRejected(DownloadSource source)
    {
        _layer.Rejected(source);
        AskAll();
    }

    public (ActivePiece Piece, ActivePiece.Part Part)? BeginReceive(DownloadSource source, PieceHeader header, int count) =>
        _scheduler!.BeginReceive(source, header.Piece, header.Begin, count);

    public void AbortReceive(ActivePiece piece, ActivePiece.Part part) => _scheduler!.AbortReceive(piece, part);

    /// <param name="since">When this side began to wait for the part, in <see cref="DownloadTimings.Now"/>.</param>
    public void EndReceive(DownloadSource source, ActivePiece piece, ActivePiece.Part part, long since)
    {
        _clock.AddNetwork(Math.Max(since, source.AskedAt));
        var hashing = DownloadTimings.Now;
        piece.HashPart(part);
        _clock.AddHashing(hashing);
        _speed.Add(part.Length);
        var (isWhole, losers) = _scheduler!.EndReceive(source, piece, part);
        foreach (var loser in losers)
        {
            loser.Channel.Connection.Cancel(new BlockRange(loser.Channel.Id, piece.Index, part.Begin, part.Length));
        }

        // Before verifying and writing: the other side works meanwhile.
        Ask(source);
        AddBulkConnections(source);
        if (isWhole)
        {
            Verify(piece);
        }
    }

    // Sends as many requests as the source may have; nothing while no piece could be verified yet.
    private void Ask(DownloadSource source)
    {
        if (!_canVerify)
        {
            if (_layer.TryStart(source, out var ranges))
            {
                foreach (var range in ranges)
                {
                    source.Channel.Connection.RequestHashes(range);
                }
            }

            return;
        }

        while (_scheduler!.TryNext(source, out var range))
        {
            _clock.HasSources(true);
            source.Channel.Connection.Request(range);
        }
    }

    private void AskAll()
    {
        foreach (var source in _sources.Keys)
        {
            Ask(source);
        }
    }

    private void Verify(ActivePiece piece)
    {
        if (piece.ComputeHash(_content) != _part!.PieceHash(piece.Index))
        {
            server.TransferMetrics.HashFailed();
            foreach (var liar in _scheduler!.Failed(piece))
            {
                Ban(liar, "it sent a wrong piece");
            }

            AskAll();
            return;
        }

        var writing = DownloadTimings.Now;
        try
        {
            _part.WritePiece(piece.Index, piece.Data);
            _clock.AddDisk(writing);
        }
        catch (P2PShareException e)
        {
            _done.TrySetException(e);
            return;
        }
        catch (ObjectDisposedException) when (_done.Task.IsCompleted)
        {
            // The download ended while this piece was on its way.
            return;
        }

        server.TransferMetrics.PieceVerified(piece.Length, writing);
        var index = piece.Index;
        foreach (var liar in _scheduler!.Completed(piece))
        {
            Ban(liar, "it sent wrong blocks");
        }

        _haves!.Add(index);
        if (_part.BytesVerified == _content.Size)
        {
            _done.TrySetResult();
        }
    }

    private void SendHaves(int[] pieces)
    {
        foreach (var channel in _offered!.Channels)
        {
            channel.SendHaves(pieces);
        }
    }
}
