using System.Buffers;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>Reads the frames of one connection: the bytes of blocks go straight to their buffers, messages to the handler.</summary>
internal sealed class PeerReceiver(PeerConnection connection, ConnectionContext context, FrameReader reader)
{
    private readonly PeerMessageHandler _handler = new(connection, context);

    /// <summary>Reads until either side ends the connection.</summary>
    /// <exception cref="WireException">The other side broke the protocol.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await ReadFrameAsync(cancellationToken).ConfigureAwait(false))
        {
        }
    }

    /// <summary>
    /// As <see cref="RunAsync"/>, on a thread of its own. The stream blocks, so that the thread is left only to wait for a
    /// ticket.
    /// </summary>
    public Task RunOnThreadAsync(CancellationToken cancellationToken)
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

    // False if the other side has ended the connection, or this side is about to.
    private async ValueTask<bool> ReadFrameAsync(CancellationToken cancellationToken)
    {
        var since = context.Clock.GetTimestamp();
        var (id, length) = await reader.ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
        _handler.RequireHello(id);
        if (id == MessageId.Piece)
        {
            await ReceivePieceAsync(length, since, cancellationToken).ConfigureAwait(false);
            return true;
        }

        if (id == MessageId.PackedPiece)
        {
            await ReceivePackedPieceAsync(length, since, cancellationToken).ConfigureAwait(false);
            return true;
        }

        var body = await reader.ReadAsync(length, cancellationToken).ConfigureAwait(false);
        if (id == MessageId.Hello)
        {
            return await _handler.GreetAsync(HelloMessage.Read(body.Span)).ConfigureAwait(false);
        }

        return _handler.Handle(id, body.Span);
    }

    private async ValueTask ReceivePieceAsync(int length, long since, CancellationToken cancellationToken)
    {
        var header = PieceHeader.Read((await reader.ReadAsync(PieceHeader.Length, cancellationToken).ConfigureAwait(false)).Span);
        var count = length - PieceHeader.Length;
        if (connection.Find(header.Channel)?.Listener is not { } listener || listener.BeginReceive(header, count) is not { } block)
        {
            await reader.SkipAsync(count, cancellationToken).ConfigureAwait(false);
            return;
        }

        var received = false;
        try
        {
            await reader.ReadIntoAsync(block.Buffer, cancellationToken).ConfigureAwait(false);
            received = true;
        }
        finally
        {
            if (!received)
            {
                listener.AbortReceive(block);
            }
        }

        listener.EndReceive(block, since);
    }

    private async ValueTask ReceivePackedPieceAsync(int length, long since, CancellationToken cancellationToken)
    {
        var header = PackedPieceHeader.Read((await reader.ReadAsync(PackedPieceHeader.Length, cancellationToken).ConfigureAwait(false)).Span, length);
        var count = length - PackedPieceHeader.Length;
        if (connection.Find(header.Channel)?.Listener is not { } listener
            || listener.BeginReceive(new PieceHeader(header.Channel, header.Piece, header.Begin), header.Count) is not { } block)
        {
            await reader.SkipAsync(count, cancellationToken).ConfigureAwait(false);
            return;
        }

        var packed = ArrayPool<byte>.Shared.Rent(count);
        var received = false;
        try
        {
            await reader.ReadIntoAsync(packed.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            context.Compressor.Unpack(packed.AsSpan(0, count), block.Buffer.Span);
            received = true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packed);
            if (!received)
            {
                listener.AbortReceive(block);
            }
        }

        listener.EndReceive(block, since);
    }
}
