using P2PShare.Protocol.Wire;
using P2PShare.Unit.Protocol;

namespace P2PShare.Fuzz;

/// <summary>The frames of a connection, one after the other, as a peer sends them.</summary>
internal static class FrameTarget
{
    // Bytes: a frame may allocate twice what it announces (a ticket becomes text of two bytes a letter), and this much for objects.
    private const int Overhead = 64 * 1024;

    public static void Try(byte[] input)
    {
        ReadOnlySpan<byte> rest = input;
        try
        {
            while (Frame.TryReadHeader(rest, out _, out var header, out var length) && rest.Length >= header + length)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var message = PeerMessageReader.Read(rest);
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                if (message is null || allocated > (2L * length) + Overhead)
                {
                    throw new InvalidOperationException($"A frame of {length} bytes became '{message}' and took {allocated} bytes.");
                }

                rest = rest[(header + length)..];
            }
        }
        catch (WireException)
        {
            // A refusal: the connection ends here.
        }
    }

    public static IEnumerable<byte[]> Seeds()
    {
        foreach (var id in PeerMessageReader.Kinds)
        {
            yield return Shortest(id);
        }

        yield return [.. PeerMessageReader.Kinds.SelectMany(Shortest)];
        yield return [0, 0, 0, 0, .. Shortest(MessageId.Close)];
    }

    private static byte[] Shortest(MessageId id)
    {
        for (var length = 1; ; length++)
        {
            var frame = new byte[Frame.HeaderLength + length];
            Frame.WriteHeader(frame, id, length);
            try
            {
                Frame.TryReadHeader(frame, out _, out _, out _);
                return frame;
            }
            catch (WireException) when (length < 256)
            {
                // The kind has longer bodies only.
            }
        }
    }
}
