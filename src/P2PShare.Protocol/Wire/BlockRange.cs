using System.Buffers.Binary;

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
