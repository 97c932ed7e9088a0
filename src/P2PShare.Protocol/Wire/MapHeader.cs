using System.Buffers.Binary;
using P2PShare.Protocol.Content;

namespace P2PShare.Protocol.Wire;

/// <summary>What stands before the bytes of a map message.</summary>
/// <param name="Total">Bytes of the whole <see cref="ChunkMap"/>.</param>
/// <param name="Offset">Of the first byte that follows.</param>
public readonly record struct MapHeader(uint Channel, int Total, int Offset)
{
    public const int Length = 12;

    /// <summary>Reads a map message; its bytes follow the header.</summary>
    /// <exception cref="WireException">A number is out of range.</exception>
    public static MapHeader Read(ReadOnlySpan<byte> body)
    {
        var (total, offset) = (BinaryPrimitives.ReadUInt32BigEndian(body[4..]), BinaryPrimitives.ReadUInt32BigEndian(body[8..]));
        return total <= ChunkMap.MaxLength && offset + (body.Length - Length) <= total
            ? new MapHeader(BinaryPrimitives.ReadUInt32BigEndian(body), (int)total, (int)offset)
            : throw new WireException($"{body.Length - Length} bytes from {offset} on are not of a map of {total} bytes.");
    }

    /// <summary>Writes what stands before the bytes.</summary>
    /// <param name="count">Bytes that follow: 1 to <see cref="MapRange.MaxCount"/>.</param>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> buffer, int count)
    {
        Frame.WriteHeader(buffer, MessageId.Map, Length + count);
        var body = buffer[Frame.HeaderLength..];
        BinaryPrimitives.WriteUInt32BigEndian(body, Channel);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Total);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], Offset);
        return Frame.HeaderLength + Length;
    }
}
