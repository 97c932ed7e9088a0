using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Transfer.Connections;

/// <content>What comes from the other side.</content>
internal sealed partial class PeerConnection
{
    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (await ReadFrameAsync(cancellationToken).ConfigureAwait(false))
        {
        }
    }

    // Its stream answers every read at once, so that the thread is left only to wait for a rate limit or a ticket.
    private Task ReadOnThreadAsync(CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    var frame = ReadFrameAsync(cancellationToken);
                    if (!(frame.IsCompleted ? frame.Result : frame.AsTask().GetAwaiter().GetResult()))
                    {
                        break;
                    }
                }

                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = "P2PShare bulk",
        };
        thread.Start();
        return done.Task;
    }

    // False where the other side has ended the connection, or this side is about to.
    private async ValueTask<bool> ReadFrameAsync(CancellationToken cancellationToken)
    {
        var started = DownloadTimings.Now;
        var (id, length) = await _reader.ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
        if (!_greeted && !IsDialled && id is not (MessageId.Hello or MessageId.KeepAlive))
        {
            throw new WireException($"{id} came before hello.");
        }

        if (id == MessageId.Piece)
        {
            await ReceivePieceAsync(length, started, cancellationToken).ConfigureAwait(false);
            return true;
        }

        var body = await _reader.ReadAsync(length, cancellationToken).ConfigureAwait(false);
        if (id == MessageId.Hello)
        {
            return await GreetAsync(HelloMessage.Read(body.Span)).ConfigureAwait(false);
        }

        if (id == MessageId.Close && CloseMessage.Read(body.Span) is { Channel: 0 } close)
        {
            RemoteReason = close.Reason;
            IsDuplicate |= close.Reason == CloseReason.Duplicate;
            IsEnding = true;
            TellDownloads(close.Reason);
            return false;
        }

        Handle(id, body.Span);
        return true;
    }

    private async ValueTask<bool> GreetAsync(HelloMessage hello)
    {
        if (hello.Version != HelloMessage.CurrentVersion)
        {
            Close(CloseReason.VersionUnknown);
            return false;
        }

        var (ticket, problem) = await _server.ValidateTicketAsync(hello.Ticket, RemoteCertificateHash).ConfigureAwait(false);
        if (ticket is null)
        {
            _server.TransferMetrics.Refused("ticket");
            _server.Trace($"{RemoteEndPoint} was refused: {problem}");
            Close(CloseReason.TicketRefused);
            return false;
        }

        _greeted = true;
        foreach (var root in ticket.PiecesRoots)
        {
            _tickets[root] = ticket;
        }

        return true;
    }

    private void Handle(MessageId id, ReadOnlySpan<byte> body)
    {
        switch (id)
        {
            case MessageId.KeepAlive:
                break;
            case MessageId.Open:
                Opened(OpenMessage.Read(body));
                break;
            case MessageId.Close:
                Closed(CloseMessage.Read(body));
                break;
            case MessageId.HaveAll or MessageId.HaveNone or MessageId.Bitfield:
                ReceiveBitfield(id, body);
                break;
            case MessageId.Have:
                var (channelId, pieces) = HaveMessage.Read(body);
                ReceiveHaves(channelId, pieces);
                break;
            case MessageId.Request:
                ReceiveRequest(BlockRange.Read(body));
                break;
            case MessageId.Cancel:
                var cancelled = BlockRange.Read(body);
                if (_writer.RemoveBlocks((_, range) => range == cancelled) > 0)
                {
                    Send(cancelled, MessageId.Reject);
                }

                break;
            case MessageId.Reject:
                var rejected = BlockRange.Read(body);
                if (Find(rejected.Channel)?.Fetch is var (run, source))
                {
                    run.Rejected(source, rejected);
                }

                break;
            case MessageId.HashRequest:
                ReceiveHashRequest(HashRange.Read(body));
                break;
            case MessageId.Hashes:
                var range = HashRange.Read(body);
                if (Find(range.Channel)?.Fetch is var (hashRun, hashSource))
                {
                    hashRun.ReceiveHashes(hashSource, range, range.ReadHashes(body));
                }

                break;
            case MessageId.HashReject:
                var refused = HashRange.Read(body);
                if (Find(refused.Channel)?.Fetch is var (refusedRun, refusedSource))
                {
                    refusedRun.HashesRejected(refusedSource);
                }

                break;
            default:
                throw new WireException($"{id} is not expected here.");
        }
    }

    private void Opened(OpenMessage open)
    {
        var isTheirs = open.Channel % 2 == (IsDialled ? 0 : 1) && open.Channel != 0;
        if (!isTheirs || _channels.ContainsKey(open.Channel))
        {
            throw new WireException($"Channel {open.Channel} cannot be opened by this side, or is open already.");
        }

        if (_channels.Count >= MaxChannels)
        {
            Send(new CloseMessage(open.Channel, CloseReason.Busy));
            return;
        }

        if (!_tickets.TryGetValue(open.PiecesRoot, out var ticket))
        {
            Send(new CloseMessage(open.Channel, CloseReason.TicketRefused));
            return;
        }

        if (_server.IsEnded(ticket))
        {
            Send(new CloseMessage(open.Channel, CloseReason.TicketRefused));
            return;
        }

        if (ticket.Expires + TicketValidator.ClockSkew < _server.Clock.GetUtcNow())
        {
            Send(new CloseMessage(open.Channel, CloseReason.TicketExpired));
            return;
        }

        if (_server.FindOffered(open.PiecesRoot, ticket.Group) is not { } offered)
        {
            Send(new CloseMessage(open.Channel, CloseReason.NotOffered));
            return;
        }

        var channel = new ContentChannel(this, open.Channel, offered, ticket.Group, ticket.UserName);
        _channels[channel.Id] = channel;
        offered.Attach(channel);
        SendBitfield(channel);
        _server.FindRun(offered)?.Attach(channel);
    }

    private void TellDownloads(CloseReason reason)
    {
        // Nothing is wrong with a peer that is done, stops, or has another connection.
        foreach (var channel in reason is CloseReason.Done or CloseReason.ShuttingDown or CloseReason.Duplicate ? [] : _channels.Values)
        {
            if (channel.Fetch is var (run, source))
            {
                run.Refused(source, reason);
            }
        }
    }

    private void Closed(CloseMessage close)
    {
        if (Find(close.Channel)?.Fetch is var (run, source))
        {
            run.Refused(source, close.Reason);
        }

        Drop(close.Channel);
    }

    private void ReceiveBitfield(MessageId id, ReadOnlySpan<byte> body)
    {
        if (Find(BitfieldMessage.ReadChannel(body)) is not { } channel)
        {
            return;
        }

        if (channel.RemoteHas is not null)
        {
            throw new WireException("A second bitfield came for one channel.");
        }

        var bits = BitfieldMessage.ReadBits(body);
        var count = channel.Offered.Description.PieceCount;
        Bitfield has;
        try
        {
            has = id == MessageId.Bitfield ? Bitfield.FromBytes(bits, count) : new Bitfield(count);
        }
        catch (FormatException e)
        {
            throw new WireException(e.Message);
        }

        if (id == MessageId.HaveAll)
        {
            has.SetAll();
        }

        channel.Offered.SuperSeeding?.AddHaves(channel, Enumerable.Range(0, count).Where(piece => has[piece]));
        if (channel.SetRemoteHas(has) is var (run, source))
        {
            run.ReceiveBitfield(source, has);
        }
    }

    private void ReceiveHaves(uint channelId, int[] pieces)
    {
        if (Find(channelId) is not { } channel)
        {
            return;
        }

        if (channel.RemoteHas is null || pieces.Any(piece => piece >= channel.Offered.Description.PieceCount))
        {
            throw new WireException("A have came before the bitfield, or for a piece that there is not.");
        }

        channel.Offered.SuperSeeding?.AddHaves(channel, pieces);
        if (channel.Fetch is var (run, source))
        {
            run.ReceiveHaves(source, pieces);
        }
        else
        {
            foreach (var piece in pieces)
            {
                channel.RemoteHas.Set(piece);
            }

            // Nothing flows on it any more, and who opened it closes it.
            if (channel.UserName is null && channel.RemoteHas.IsComplete)
            {
                Close(channel, CloseReason.Done);
            }
        }
    }

    private void ReceiveRequest(BlockRange range)
    {
        if (Find(range.Channel) is not { } channel)
        {
            // Crossed with a close from this side: the answer keeps the other side's books straight.
            Send(range, MessageId.Reject);
            return;
        }

        var description = channel.Offered.Description;
        if (range.Piece >= description.PieceCount || (long)range.Begin + range.Count > description.PieceSize(range.Piece))
        {
            throw new WireException($"A request reaches beyond piece {range.Piece}.");
        }

        var isHeldBack = channel.Offered.SuperSeeding?.TryGive(channel, range.Piece) == false;
        if (!isHeldBack && channel.Offered.Has(range.Piece))
        {
            _writer.AddBlock(channel, range);
            return;
        }

        Send(range, MessageId.Reject);
        if (isHeldBack)
        {
            channel.Offered.SuperSeeding!.HoldBack(channel, range.Piece);
        }
    }

    private void ReceiveHashRequest(HashRange range)
    {
        var layer = Find(range.Channel)?.Offered.PieceLayer ?? [];
        if (range.Index + range.Count > layer.Count)
        {
            Span<byte> refusal = stackalloc byte[Frame.HeaderLength + HashRange.Length];
            Add(refusal[..range.Write(refusal, MessageId.HashReject)]);
            return;
        }

        var hashes = layer.Skip(range.Index).Take(range.Count).ToArray();
        var buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + HashRange.Length + hashes.Length * Hash256.Size);
        Add(buffer.AsSpan(0, range.Write(buffer, hashes)));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private async ValueTask ReceivePieceAsync(int length, long since, CancellationToken cancellationToken)
    {
        var header = PieceHeader.Read((await _reader.ReadAsync(PieceHeader.Length, cancellationToken).ConfigureAwait(false)).Span);
        var count = length - PieceHeader.Length;
        if (Find(header.Channel)?.Fetch is not var (run, source)
            || run.BeginReceive(source, header, count) is not { } block)
        {
            await _reader.SkipAsync(count, cancellationToken).ConfigureAwait(false);
            return;
        }

        var received = false;
        try
        {
            var destination = block.Buffer;
            while (!destination.IsEmpty)
            {
                var slice = destination[..Math.Min(destination.Length, Math.Min(_server.DownloadLimiter.SliceLength, run.Limiter.SliceLength))];
                await _reader.ReadIntoAsync(slice, cancellationToken).ConfigureAwait(false);
                await run.Limiter.WaitAsync(slice.Length, cancellationToken).ConfigureAwait(false);
                await _server.DownloadLimiter.WaitAsync(slice.Length, cancellationToken).ConfigureAwait(false);
                destination = destination[slice.Length..];
            }

            received = true;
        }
        finally
        {
            if (!received)
            {
                run.AbortReceive(block);
            }
        }

        run.EndReceive(source, block, since);
    }
}
