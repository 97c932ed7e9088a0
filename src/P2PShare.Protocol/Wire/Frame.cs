using System.Buffers.Binary;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tickets;

namespace P2PShare.Protocol.Wire;

/// <summary>
/// BEP 3's framing: a 4-byte big-endian length, then as many bytes, the first of which is the <see cref="MessageId"/>.
/// Length 0 is a keep-alive. A length is checked against its kind before anything is allocated for it.
/// </summary>
public static class Frame
{
    /// <summary>Bytes before the body: length and id.</summary>
    public const int HeaderLength = 5;

    /// <summary>Most bytes that one piece message carries, and so that one request may ask for.</summary>
    public const int MaxBlock = 1024 * 1024;

    /// <summary>Most piece indices in one have message.</summary>
    public const int MaxHaves = 1024;

    /// <summary>Most hashes in one hashes message, and in one of a tree.</summary>
    public const int MaxHashes = 512;

    private const int MaxPieces = 1 << 20;

    /// <summary>Reads the header of a frame.</summary>
    /// <param name="buffer">What has arrived.</param>
    /// <param name="id">The kind; <see cref="MessageId.KeepAlive"/> for a frame without a body.</param>
    /// <param name="headerLength">Bytes to skip to the body: 5, or 4 for a keep-alive.</param>
    /// <param name="bodyLength">Bytes of the body, within the bounds of its kind.</param>
    /// <returns>False if more bytes are needed.</returns>
    /// <exception cref="WireException">Unknown kind, or a length that its kind cannot have.</exception>
    public static bool TryReadHeader(ReadOnlySpan<byte> buffer, out MessageId id, out int headerLength, out int bodyLength)
    {
        id = MessageId.KeepAlive;
        headerLength = 4;
        bodyLength = 0;
        if (buffer.Length < 4)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(buffer);
        if (length == 0)
        {
            return true;
        }

        if (buffer.Length < HeaderLength)
        {
            // A frame that no kind allows is refused before its next byte is waited for.
            return length <= MaxBlock + PieceHeader.Length + 1
                ? false
                : throw new WireException($"A frame of {length} bytes is longer than any message.");
        }

        id = (MessageId)buffer[4];
        headerLength = HeaderLength;
        var (least, most) = Bounds(id);
        if (length - 1 < least || length - 1 > most)
        {
            throw new WireException($"A {id} message has {least} to {most} bytes, not {length - 1}.");
        }

        bodyLength = (int)(length - 1);
        return true;
    }

    /// <summary>Writes length and id; the body of <paramref name="bodyLength"/> bytes follows.</summary>
    public static void WriteHeader(Span<byte> buffer, MessageId id, int bodyLength)
    {
        BinaryPrimitives.WriteUInt32BigEndian(buffer, (uint)bodyLength + 1);
        buffer[4] = (byte)id;
    }

    private static (uint Least, uint Most) Bounds(MessageId id) => id switch
    {
        MessageId.Have => (8, 4 + 4 * MaxHaves),
        MessageId.Bitfield => (5, 4 + MaxPieces / 8),
        MessageId.Request or MessageId.PackedRequest or MessageId.Cancel or MessageId.Reject => (BlockRange.Length, BlockRange.Length),
        MessageId.Piece => (PieceHeader.Length + 1, PieceHeader.Length + MaxBlock),
        MessageId.PackedPiece => (PackedPieceHeader.Length + 1, PieceHeader.Length + MaxBlock),
        MessageId.HaveAll or MessageId.HaveNone => (4, 4),
        MessageId.Hello => (2, 1 + TicketValidator.MaxLength),
        MessageId.HashRequest or MessageId.HashReject => (HashRange.Length, HashRange.Length),
        MessageId.Hashes => (HashRange.Length + Hash256.Size, HashRange.Length + MaxHashes * Hash256.Size),
        MessageId.Open => (OpenMessage.Length, OpenMessage.Length),
        MessageId.Close => (CloseMessage.Length, CloseMessage.Length),
        MessageId.Get => (GetMessage.GroupLength + Hash256.Size, GetMessage.GroupLength + GetMessage.MaxContents * Hash256.Size),
        MessageId.Content => (Hash256.Size + 1, Hash256.Size + ContentMessage.MaxSize),
        MessageId.GetReject => (1 + Hash256.Size, 1 + GetMessage.MaxContents * Hash256.Size),
        MessageId.TreeRequest or MessageId.TreeReject => (TreeRange.Length, TreeRange.Length),
        MessageId.TreeHashes => (TreeRange.Length + Hash256.Size, TreeRange.Length + MaxHashes * Hash256.Size),
        MessageId.MapRequest or MessageId.MapReject => (MapRange.Length, MapRange.Length),
        MessageId.Map => (MapHeader.Length + 1, MapHeader.Length + MapRange.MaxCount),
        _ => throw new WireException($"There is no message with the id {(byte)id}."),
    };

    internal static int ReadIndex(ReadOnlySpan<byte> body, string what)
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(body);
        return value < MaxPieces ? (int)value : throw new WireException($"{value} is not a {what}.");
    }

    internal static int ReadOffset(ReadOnlySpan<byte> body)
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(body);
        return value < PieceLength.Max ? (int)value : throw new WireException($"{value} is not an offset in a piece.");
    }
}
