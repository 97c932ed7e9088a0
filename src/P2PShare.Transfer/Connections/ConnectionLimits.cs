namespace P2PShare.Transfer.Connections;

/// <summary>How many connections a peer server accepts from one address and one user.</summary>
public sealed record ConnectionLimits
{
    /// <summary>
    /// Most connections of one address (IPv6: of one /64 network), 1 to 2048; a /56 network may have eight times as many. Peers behind one
    /// router share an address.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Out of range.</exception>
    public int PerAddress { get; init => field = Check(value); } = 64;

    /// <summary>Most TLS handshakes of one address at once, 1 to 64; a /56 network may have eight times as many. Further ones wait for their turn.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Out of range.</exception>
    public int HandshakesPerAddress { get; init => field = Check(value, max: 64); } = 8;

    /// <summary>Most connections of one user, from all addresses, 1 to 2048.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Out of range.</exception>
    public int PerUser { get; init => field = Check(value); } = 256;

    private static int Check(int value, int max = 2048)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, max);
        return value;
    }
}
