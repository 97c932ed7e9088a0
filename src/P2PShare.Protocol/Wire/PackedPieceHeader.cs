using System.Buffers.Binary;

namespace P2PShare.Protocol.Wire;

/// <summary>What stands before the compressed bytes in a packed piece message: where the plain bytes belong, and how many they are.</summary>
/// <param name="Channel">The content, by the number its opener gave it.</param>
/// <param name="Piece">Index of the piece.</param>
/// <param name="Begin">Offset in the piece, in bytes.</param>
/// <param name="Count">Plain bytes: more than the message carries, at most <see cref="Frame.MaxBlock"/>.</param>
public readonly record struct PackedPieceHeader(uint Channel, int Piece, int Begin, int Count)
{
    public const int Length = BlockRange.Length;

    /// <param name="bodyLength">Bytes of the whole body.</param>
    /// <exception cref="WireException">A number is out of range, or the bytes are not fewer than the plain ones.</exception>
    public static PackedPieceHeader Read(ReadOnlySpan<byte> body, int bodyLength)
    {
        var range = BlockRange.Read(body);
        return bodyLength - Length < range.Count
            ? new PackedPieceHeader(range.Channel, range.Piece, range.Begin, range.Count)
            : throw new WireException($"A packed piece of {range.Count} bytes has fewer than these, not {bodyLength - Length}.");
    }

    /// <summary>Writes the frame's header and this; <paramref name="packed"/> bytes follow.</summary>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> buffer, int packed)
    {
        Frame.WriteHeader(buffer, MessageId.PackedPiece, Length + packed);
        var body = buffer[Frame.HeaderLength..];
        BinaryPrimitives.WriteUInt32BigEndian(body, Channel);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Piece);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], Begin);
        BinaryPrimitives.WriteInt32BigEndian(body[12..], Count);
        return Frame.HeaderLength + Length;
    }
}
