using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>Small messages that a connection sends.</summary>
internal static class PeerMessages
{
    /// <summary>Shows a ticket: everything that it allows may be opened from now on.</summary>
    public static void SendHello(this PeerConnection connection, string ticket)
    {
        if (connection.TryShow(ticket))
        {
            var buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + 1 + ticket.Length);
            connection.Send(buffer.AsSpan(0, new HelloMessage(HelloMessage.CurrentVersion, ticket).Write(buffer)));
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public static void Cancel(this PeerConnection connection, BlockRange range) => connection.Send(range, MessageId.Cancel);

    public static void RequestHashes(this PeerConnection connection, HashRange range) => connection.Send(range, MessageId.HashRequest);

    public static void RequestTree(this PeerConnection connection, TreeRange range) => connection.Send(range, MessageId.TreeRequest);

    public static void RequestMap(this PeerConnection connection, MapRange range) => connection.Send(range, MessageId.MapRequest);

    /// <param name="piecesRoots">1 to <see cref="GetMessage.MaxContents"/>.</param>
    public static void SendGet(this PeerConnection connection, Guid groupId, ReadOnlySpan<Hash256> piecesRoots)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + GetMessage.GroupLength + piecesRoots.Length * Hash256.Size);
        connection.Send(buffer.AsSpan(0, GetMessage.Write(buffer, groupId, piecesRoots)));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <param name="piecesRoots">1 to <see cref="GetMessage.MaxContents"/>.</param>
    public static void SendGetReject(this PeerConnection connection, CloseReason reason, ReadOnlySpan<Hash256> piecesRoots)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + 1 + piecesRoots.Length * Hash256.Size);
        connection.Send(buffer.AsSpan(0, GetRejectMessage.Write(buffer, reason, piecesRoots)));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    public static void SendKeepAlive(this PeerConnection connection) => connection.Send([0, 0, 0, 0]);

    public static void Send(this PeerConnection connection, CloseMessage message)
    {
        Span<byte> frame = stackalloc byte[Frame.HeaderLength + CloseMessage.Length];
        connection.Send(frame[..message.Write(frame)]);
    }

    public static void Send(this PeerConnection connection, BlockRange range, MessageId id)
    {
        Span<byte> frame = stackalloc byte[Frame.HeaderLength + BlockRange.Length];
        connection.Send(frame[..range.Write(frame, id)]);
    }

    public static void Send(this PeerConnection connection, HashRange range, MessageId id)
    {
        Span<byte> frame = stackalloc byte[Frame.HeaderLength + HashRange.Length];
        connection.Send(frame[..range.Write(frame, id)]);
    }

    public static void Send(this PeerConnection connection, TreeRange range, MessageId id)
    {
        Span<byte> frame = stackalloc byte[Frame.HeaderLength + TreeRange.Length];
        connection.Send(frame[..range.Write(frame, id)]);
    }
    public static void Send(this PeerConnection connection, MapRange range, MessageId id)
    {
        Span<byte> frame = stackalloc byte[Frame.HeaderLength + MapRange.Length];
        connection.Send(frame[..range.Write(frame, id)]);
    }
}
