using System.Buffers.Binary;

namespace P2PShare.Protocol.Wire;

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
