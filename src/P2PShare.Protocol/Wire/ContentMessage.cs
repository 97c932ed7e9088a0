namespace P2PShare.Protocol.Wire;

/// <summary>A whole content of one piece that a <see cref="GetMessage"/> asked for: its pieces root, then its bytes.</summary>
public static class ContentMessage
{
    /// <summary>Most bytes of a content that can be asked for in this way.</summary>
    public const int MaxSize = 64 * 1024;

    /// <summary>Bytes of a frame before those of the content.</summary>
    public const int Overhead = Frame.HeaderLength + Hash256.Size;

    /// <summary>The pieces root; the content's bytes follow it.</summary>
    public static Hash256 ReadRoot(ReadOnlySpan<byte> body) => new(body[..Hash256.Size]);

    /// <summary>Writes what stands before the content's bytes.</summary>
    /// <param name="size">Bytes of the content, 1 to <see cref="MaxSize"/>.</param>
    /// <returns><see cref="Overhead"/>.</returns>
    public static int WriteHeader(Span<byte> buffer, Hash256 piecesRoot, int size)
    {
        Frame.WriteHeader(buffer, MessageId.Content, Hash256.Size + size);
        piecesRoot.CopyTo(buffer[Frame.HeaderLength..]);
        return Overhead;
    }
}
