using System.Buffers.Binary;

namespace P2PShare.Protocol.Wire;

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
