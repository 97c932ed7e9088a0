using System.Runtime.InteropServices;

namespace P2PShare.Protocol.Wire;

/// <summary>Refuses contents that a <see cref="GetMessage"/> asked for, all for one reason.</summary>
public static class GetRejectMessage
{
    /// <exception cref="WireException">Bytes are left over.</exception>
    public static (CloseReason Reason, Hash256[] PiecesRoots) Read(ReadOnlySpan<byte> body) => ((CloseReason)body[0], GetMessage.ReadRoots(body[1..]));

    /// <param name="piecesRoots">1 to <see cref="GetMessage.MaxContents"/>.</param>
    /// <returns>Bytes written: the whole frame.</returns>
    public static int Write(Span<byte> buffer, CloseReason reason, ReadOnlySpan<Hash256> piecesRoots)
    {
        var roots = MemoryMarshal.AsBytes(piecesRoots);
        Frame.WriteHeader(buffer, MessageId.GetReject, 1 + roots.Length);
        buffer[Frame.HeaderLength] = (byte)reason;
        roots.CopyTo(buffer[(Frame.HeaderLength + 1)..]);
        return Frame.HeaderLength + 1 + roots.Length;
    }
}
