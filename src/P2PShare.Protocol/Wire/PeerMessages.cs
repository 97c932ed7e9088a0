using System.Buffers.Binary;
using System.Text;

namespace P2PShare.Protocol.Wire;

/// <summary>Which bytes of which piece: the body of request, cancel and reject.</summary>
/// <param name="Channel">The content, by the number its opener gave it.</param>
/// <param name="Piece">Index of the piece.</param>
/// <param name="Begin">Offset in the piece, in bytes.</param>
/// <param name="Count">1 to <see cref="Frame.MaxBlock"/> bytes.</param>
public readonly record struct BlockRange(uint Channel, int Piece, int Begin, int Count)
{
    public const int Length = 16;

    /// <exception cref="WireException">A number is out of range.</exception>
    public static BlockRange Read(ReadOnlySpan<byte> body)
    {
        var count = BinaryPrimitives.ReadUInt32BigEndian(body[12..]);
        return count is >= 1 and <= Frame.MaxBlock
            ? new BlockRange(BinaryPrimitives.ReadUInt32BigEndian(body), Frame.ReadIndex(body[4..], "piece"), Frame.ReadOffset(body[8..]), (int)count)
            : throw new WireException($"A request is for 1 to {Frame.MaxBlock} bytes, not {count}.");
    }

    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer, MessageId id)
    {
        Frame.WriteHeader(buffer, id, Length);
        var body = buffer[Frame.HeaderLength..];
        BinaryPrimitives.WriteUInt32BigEndian(body, Channel);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Piece);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], Begin);
        BinaryPrimitives.WriteInt32BigEndian(body[12..], Count);
        return Frame.HeaderLength + Length;
    }
}

/// <summary>What stands before the bytes in a piece message.</summary>
public readonly record struct PieceHeader(uint Channel, int Piece, int Begin)
{
    public const int Length = 12;

    /// <exception cref="WireException">A number is out of range.</exception>
    public static PieceHeader Read(ReadOnlySpan<byte> body) =>
        new(BinaryPrimitives.ReadUInt32BigEndian(body), Frame.ReadIndex(body[4..], "piece"), Frame.ReadOffset(body[8..]));

    /// <summary>Writes the frame's header and this; <paramref name="count"/> bytes of the piece follow.</summary>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> buffer, int count)
    {
        Frame.WriteHeader(buffer, MessageId.Piece, Length + count);
        var body = buffer[Frame.HeaderLength..];
        BinaryPrimitives.WriteUInt32BigEndian(body, Channel);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Piece);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], Begin);
        return Frame.HeaderLength + Length;
    }
}

/// <summary>
/// Which hashes of the piece layer: the body of hash request and hash reject, and what stands before the hashes. It is
/// BEP 52's without base layer and proof: the base is always the piece layer, and who asks holds the whole layer
/// against the pieces root.
/// </summary>
/// <param name="Index">First hash.</param>
/// <param name="Count">1 to <see cref="Frame.MaxHashes"/>.</param>
public readonly record struct HashRange(uint Channel, int Index, int Count)
{
    public const int Length = 12;

    /// <exception cref="WireException">A number is out of range.</exception>
    public static HashRange Read(ReadOnlySpan<byte> body)
    {
        var count = BinaryPrimitives.ReadUInt32BigEndian(body[8..]);
        return count is >= 1 and <= Frame.MaxHashes
            ? new HashRange(BinaryPrimitives.ReadUInt32BigEndian(body), Frame.ReadIndex(body[4..], "piece"), (int)count)
            : throw new WireException($"A hash request is for 1 to {Frame.MaxHashes} hashes, not {count}.");
    }

    /// <summary>Reads the hashes behind the range.</summary>
    /// <exception cref="WireException">Another number of hashes than the range says.</exception>
    public Hash256[] ReadHashes(ReadOnlySpan<byte> body)
    {
        var bytes = body[Length..];
        if (bytes.Length != Count * Hash256.Size)
        {
            throw new WireException($"{Count} hashes have {Count * Hash256.Size} bytes, not {bytes.Length}.");
        }

        var hashes = new Hash256[Count];
        for (var i = 0; i < Count; i++)
        {
            hashes[i] = new Hash256(bytes.Slice(i * Hash256.Size, Hash256.Size));
        }

        return hashes;
    }

    /// <summary>Writes a hash request or a hash reject.</summary>
    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer, MessageId id)
    {
        Frame.WriteHeader(buffer, id, Length);
        WriteBody(buffer[Frame.HeaderLength..]);
        return Frame.HeaderLength + Length;
    }

    /// <summary>Writes a hashes message.</summary>
    /// <param name="hashes"><see cref="Count"/> of them.</param>
    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer, ReadOnlySpan<Hash256> hashes)
    {
        var length = Length + hashes.Length * Hash256.Size;
        Frame.WriteHeader(buffer, MessageId.Hashes, length);
        var body = buffer[Frame.HeaderLength..];
        WriteBody(body);
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i].CopyTo(body[(Length + i * Hash256.Size)..]);
        }

        return Frame.HeaderLength + length;
    }

    private void WriteBody(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt32BigEndian(body, Channel);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Index);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], Count);
    }
}

/// <summary>Pieces the sender has now.</summary>
public static class HaveMessage
{
    /// <returns>The channel, and one index a piece.</returns>
    /// <exception cref="WireException">A number is out of range, or bytes are left over.</exception>
    public static (uint Channel, int[] Pieces) Read(ReadOnlySpan<byte> body)
    {
        if (body.Length % 4 != 0)
        {
            throw new WireException("A have message ends within a number.");
        }

        var pieces = new int[body.Length / 4 - 1];
        for (var i = 0; i < pieces.Length; i++)
        {
            pieces[i] = Frame.ReadIndex(body[(4 + i * 4)..], "piece");
        }

        return (BinaryPrimitives.ReadUInt32BigEndian(body), pieces);
    }

    /// <param name="pieces">1 to <see cref="Frame.MaxHaves"/>.</param>
    /// <returns>Bytes written: the whole frame.</returns>
    public static int Write(Span<byte> buffer, uint channel, ReadOnlySpan<int> pieces)
    {
        Frame.WriteHeader(buffer, MessageId.Have, 4 + pieces.Length * 4);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[Frame.HeaderLength..], channel);
        for (var i = 0; i < pieces.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer[(Frame.HeaderLength + 4 + i * 4)..], pieces[i]);
        }

        return Frame.HeaderLength + 4 + pieces.Length * 4;
    }
}

/// <summary>Bitfield, have all and have none: what the sender has of a channel's content.</summary>
public static class BitfieldMessage
{
    public static uint ReadChannel(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadUInt32BigEndian(body);

    /// <summary>The bits behind the channel; empty for have all and have none.</summary>
    public static ReadOnlySpan<byte> ReadBits(ReadOnlySpan<byte> body) => body[4..];

    /// <param name="bits">Empty for <see cref="MessageId.HaveAll"/> and <see cref="MessageId.HaveNone"/>.</param>
    /// <returns>Bytes written: the whole frame.</returns>
    public static int Write(Span<byte> buffer, MessageId id, uint channel, ReadOnlySpan<byte> bits)
    {
        Frame.WriteHeader(buffer, id, 4 + bits.Length);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[Frame.HeaderLength..], channel);
        bits.CopyTo(buffer[(Frame.HeaderLength + 4)..]);
        return Frame.HeaderLength + 4 + bits.Length;
    }
}

/// <summary>The ticket, and the version of the protocol its sender speaks.</summary>
public readonly record struct HelloMessage(byte Version, string Ticket)
{
    /// <summary>The version that this code speaks.</summary>
    public const byte CurrentVersion = 1;

    /// <exception cref="WireException">The ticket is not ASCII.</exception>
    public static HelloMessage Read(ReadOnlySpan<byte> body) => Ascii.IsValid(body[1..])
        ? new HelloMessage(body[0], Encoding.ASCII.GetString(body[1..]))
        : throw new WireException("A ticket is ASCII text.");

    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer)
    {
        var length = Encoding.ASCII.GetBytes(Ticket, buffer[(Frame.HeaderLength + 1)..]);
        Frame.WriteHeader(buffer, MessageId.Hello, 1 + length);
        buffer[Frame.HeaderLength] = Version;
        return Frame.HeaderLength + 1 + length;
    }
}

/// <summary>Opens a channel for a content.</summary>
/// <param name="Channel">
/// Chosen by the sender: odd from who dialled, even (not 0) from who was dialled, so that the two never choose the same.
/// </param>
public readonly record struct OpenMessage(uint Channel, Hash256 PiecesRoot)
{
    public const int Length = 4 + Hash256.Size;

    /// <exception cref="WireException">Channel 0, which is the connection itself.</exception>
    public static OpenMessage Read(ReadOnlySpan<byte> body)
    {
        var channel = BinaryPrimitives.ReadUInt32BigEndian(body);
        return channel != 0
            ? new OpenMessage(channel, new Hash256(body.Slice(4, Hash256.Size)))
            : throw new WireException("Channel 0 is the connection itself and cannot be opened.");
    }

    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer)
    {
        Frame.WriteHeader(buffer, MessageId.Open, Length);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[Frame.HeaderLength..], Channel);
        PiecesRoot.CopyTo(buffer[(Frame.HeaderLength + 4)..]);
        return Frame.HeaderLength + Length;
    }
}

/// <summary>Why a channel or a connection ends.</summary>
public enum CloseReason : byte
{
    /// <summary>Nothing more is wanted.</summary>
    Done = 0,

    /// <summary>The content is not offered here, or not any more.</summary>
    NotOffered = 1,

    /// <summary>The ticket does not count, or not for this content.</summary>
    TicketRefused = 2,

    /// <summary>The ticket has expired and was not renewed.</summary>
    TicketExpired = 3,

    /// <summary>Too many connections or channels; try another source.</summary>
    Busy = 4,

    /// <summary>The peer server stops.</summary>
    ShuttingDown = 5,

    /// <summary>What the other side sent is not this protocol.</summary>
    ProtocolError = 6,

    /// <summary>The other side speaks no version that this one does.</summary>
    VersionUnknown = 7,

    /// <summary>The two peers dialled each other; the other connection stays.</summary>
    Duplicate = 8,
}

/// <summary>Ends a channel, or the connection where the channel is 0.</summary>
public readonly record struct CloseMessage(uint Channel, CloseReason Reason)
{
    public const int Length = 5;

    public static CloseMessage Read(ReadOnlySpan<byte> body) =>
        new(BinaryPrimitives.ReadUInt32BigEndian(body), (CloseReason)body[4]);

    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer)
    {
        Frame.WriteHeader(buffer, MessageId.Close, Length);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[Frame.HeaderLength..], Channel);
        buffer[Frame.HeaderLength + 4] = (byte)Reason;
        return Frame.HeaderLength + Length;
    }
}
