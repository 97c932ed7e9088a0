namespace P2PShare.Bench.Swarm;

/// <summary>What went over a link in one direction.</summary>
/// <param name="Bytes">Of all packets, headers included.</param>
/// <param name="Packets">As the kernel handed them over: of a long one that is cut up later, one.</param>
internal readonly record struct Traffic(long Bytes, long Packets)
{
    // Ethernet, IPv4, and TCP with timestamps.
    private const int HeaderLength = 14 + 20 + 32;

    /// <summary>Bytes that the sockets of TCP sent, up to a few for each connection; what is sent again included.</summary>
    public long Payload => Math.Max(0, Bytes - Packets * HeaderLength);

    public static Traffic operator -(Traffic left, Traffic right) => new(left.Bytes - right.Bytes, left.Packets - right.Packets);
}
