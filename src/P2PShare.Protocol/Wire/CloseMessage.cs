using System.Buffers.Binary;

namespace P2PShare.Protocol.Wire;

/// <summary>Ends a channel, or the connection if the channel is 0.</summary>
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
