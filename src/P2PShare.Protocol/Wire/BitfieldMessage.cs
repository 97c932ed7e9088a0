using System.Buffers.Binary;

namespace P2PShare.Protocol.Wire;

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
