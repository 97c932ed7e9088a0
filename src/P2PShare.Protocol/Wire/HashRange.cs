using System.Buffers.Binary;

namespace P2PShare.Protocol.Wire;

/// <summary>
/// Which hashes of the piece layer: the body of hash request and hash reject, and what stands before the hashes. It is
/// BEP 52's without base layer and proof: the base is always the piece layer, and the receiver checks the whole layer
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
    public Hash256[] ReadHashes(ReadOnlySpan<byte> body) => HashList.Read(body[Length..], Count);

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
        Frame.WriteHeader(buffer, MessageId.Hashes, Length + hashes.Length * Hash256.Size);
        WriteBody(buffer[Frame.HeaderLength..]);
        return Frame.HeaderLength + Length + HashList.Write(buffer[(Frame.HeaderLength + Length)..], hashes);
    }

    private void WriteBody(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt32BigEndian(body, Channel);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Index);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], Count);
    }
}
