using System.Runtime.InteropServices;

namespace P2PShare.Protocol.Wire;

/// <summary>
/// Asks for whole contents of one piece, with a ticket of a group that was shown before. Each is answered by a
/// <see cref="ContentMessage"/> or named in a <see cref="GetRejectMessage"/>, in any order.
/// </summary>
public static class GetMessage
{
    /// <summary>Most contents that one message asks for.</summary>
    public const int MaxContents = 256;

    /// <summary>Bytes before the pieces roots: the id of the group, in the order of its text.</summary>
    public const int GroupLength = 16;

    /// <exception cref="WireException">Bytes are left over.</exception>
    public static (Guid GroupId, Hash256[] PiecesRoots) Read(ReadOnlySpan<byte> body) =>
        (new Guid(body[..GroupLength], bigEndian: true), ReadRoots(body[GroupLength..]));

    /// <param name="piecesRoots">1 to <see cref="MaxContents"/>.</param>
    /// <returns>Bytes written: the whole frame.</returns>
    public static int Write(Span<byte> buffer, Guid groupId, ReadOnlySpan<Hash256> piecesRoots)
    {
        var roots = MemoryMarshal.AsBytes(piecesRoots);
        Frame.WriteHeader(buffer, MessageId.Get, GroupLength + roots.Length);
        groupId.TryWriteBytes(buffer[Frame.HeaderLength..], bigEndian: true, out _);
        roots.CopyTo(buffer[(Frame.HeaderLength + GroupLength)..]);
        return Frame.HeaderLength + GroupLength + roots.Length;
    }

    /// <exception cref="WireException">Bytes are left over.</exception>
    internal static Hash256[] ReadRoots(ReadOnlySpan<byte> bytes) => bytes.Length % Hash256.Size == 0
        ? MemoryMarshal.Cast<byte, Hash256>(bytes).ToArray()
        : throw new WireException("A list of pieces roots ends within one.");
}
