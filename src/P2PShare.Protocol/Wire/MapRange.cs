using System.Buffers.Binary;
using P2PShare.Protocol.Content;

namespace P2PShare.Protocol.Wire;

/// <summary>Which bytes of a content's <see cref="ChunkMap"/>: the body of map request and map reject.</summary>
/// <param name="Offset">First byte; 0 to <see cref="ChunkMap.MaxLength"/> less 1.</param>
/// <param name="Count">1 to <see cref="MaxCount"/>; the answer has fewer if the map ends before.</param>
public readonly record struct MapRange(uint Channel, int Offset, int Count)
{
    public const int Length = 12;

    /// <summary>Most bytes that one request may ask for.</summary>
    public const int MaxCount = 16 * 1024;

    /// <exception cref="WireException">A number is out of range.</exception>
    public static MapRange Read(ReadOnlySpan<byte> body)
    {
        var (offset, count) = (BinaryPrimitives.ReadUInt32BigEndian(body[4..]), BinaryPrimitives.ReadUInt32BigEndian(body[8..]));
        return offset < ChunkMap.MaxLength && count is >= 1 and <= MaxCount
            ? new MapRange(BinaryPrimitives.ReadUInt32BigEndian(body), (int)offset, (int)count)
            : throw new WireException($"A map request is for 1 to {MaxCount} bytes of at most {ChunkMap.MaxLength}, not for {count} from {offset} on.");
    }

    /// <summary>Writes a map request or a map reject.</summary>
    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer, MessageId id)
    {
        Frame.WriteHeader(buffer, id, Length);
        var body = buffer[Frame.HeaderLength..];
        BinaryPrimitives.WriteUInt32BigEndian(body, Channel);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Offset);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], Count);
        return Frame.HeaderLength + Length;
    }
}
