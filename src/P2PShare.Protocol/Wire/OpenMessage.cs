using System.Buffers.Binary;

namespace P2PShare.Protocol.Wire;

/// <summary>Opens a channel for a content, with a ticket of a group that was shown before.</summary>
/// <param name="Channel">
/// Chosen by the sender: odd from who dialled, even (not 0) from who was dialled, so that the two never choose the same.
/// </param>
/// <param name="GroupId">Of the group; on the wire 16 bytes in the order of its text.</param>
public readonly record struct OpenMessage(uint Channel, Hash256 PiecesRoot, Guid GroupId)
{
    public const int Length = GroupOffset + 16;

    private const int GroupOffset = 4 + Hash256.Size;

    /// <exception cref="WireException">Channel 0, which is the connection itself.</exception>
    public static OpenMessage Read(ReadOnlySpan<byte> body)
    {
        var channel = BinaryPrimitives.ReadUInt32BigEndian(body);
        return channel != 0
            ? new OpenMessage(channel, new Hash256(body.Slice(4, Hash256.Size)), new Guid(body.Slice(GroupOffset, 16), bigEndian: true))
            : throw new WireException("Channel 0 is the connection itself and cannot be opened.");
    }

    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer)
    {
        Frame.WriteHeader(buffer, MessageId.Open, Length);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[Frame.HeaderLength..], Channel);
        PiecesRoot.CopyTo(buffer[(Frame.HeaderLength + 4)..]);
        GroupId.TryWriteBytes(buffer[(Frame.HeaderLength + GroupOffset)..], bigEndian: true, out _);
        return Frame.HeaderLength + Length;
    }
}
