using System.Text;

namespace P2PShare.Protocol.Wire;

/// <summary>The ticket, and the version of the protocol its sender speaks.</summary>
public readonly record struct HelloMessage(byte Version, string Ticket)
{
    /// <summary>The version that this code speaks.</summary>
    public const byte CurrentVersion = 3;

    /// <exception cref="WireException">The ticket is not ASCII.</exception>
    public static HelloMessage Read(ReadOnlySpan<byte> body) => Ascii.IsValid(body[1..])
        ? new HelloMessage(body[0], Encoding.ASCII.GetString(body[1..]))
        : throw new WireException("A ticket is ASCII text.");

    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer)
    {
        var length = Encoding.ASCII.GetBytes(Ticket, buffer[(Frame.HeaderLength + 1)..]);
        Frame.WriteHeader(buffer, MessageId.Hello, 1 + length);
        buffer[Frame.HeaderLength] = Version;
        return Frame.HeaderLength + 1 + length;
    }
}
