using System.Buffers.Binary;
using System.Net.Sockets;

namespace P2PShare.Transfer.Connections;

/// <summary>The way to the other side of a TCP connection, as the kernel has measured it.</summary>
/// <param name="RoundTrip">There and back now, with what waits in queues.</param>
/// <param name="LeastRoundTrip">The shortest there and back.</param>
/// <param name="OutOfOrder">The share of the segments with data that arrived after a gap, 0 to 1: without loss nearly none do. 0 until enough have arrived to tell.</param>
internal readonly record struct TcpPath(TimeSpan RoundTrip, TimeSpan LeastRoundTrip, double OutOfOrder)
{
    // linux/tcp.h: the option, and offsets in struct tcp_info as of Linux 5.4. Times are microseconds.
    private const int TcpInfoOption = 11;
    private const int RoundTripOffset = 68;
    private const int LeastRoundTripOffset = 148;
    private const int DataSegmentsOffset = 152;
    private const int OutOfOrderOffset = 224;
    private const int Length = OutOfOrderOffset + sizeof(uint);

    /// <summary>From this least round trip on the other side is far.</summary>
    internal static readonly TimeSpan FarFrom = TimeSpan.FromMilliseconds(10);

    // About a megabyte. Of a few segments a single one would be a large share.
    private const uint LeastSegments = 700;

    public bool IsFar => LeastRoundTrip >= FarFrom;

    /// <summary>Asks the kernel.</summary>
    /// <returns>Null if it is not a Linux that tells, or nothing was measured yet.</returns>
    public static TcpPath? Read(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        Span<byte> info = stackalloc byte[Length];
        try
        {
            return socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, TcpInfoOption, info) < Length ? null : Parse(info);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection has ended.
            return null;
        }
    }

    /// <param name="info">The beginning of a <c>struct tcp_info</c>, at least 228 bytes.</param>
    /// <returns>Null if nothing was measured yet.</returns>
    internal static TcpPath? Parse(ReadOnlySpan<byte> info)
    {
        var (roundTrip, least, segments) = (At(info, RoundTripOffset), At(info, LeastRoundTripOffset), At(info, DataSegmentsOffset));
        return roundTrip == 0 || least == uint.MaxValue
            ? null
            : new TcpPath(
                TimeSpan.FromMicroseconds(roundTrip), TimeSpan.FromMicroseconds(least), segments < LeastSegments ? 0 : At(info, OutOfOrderOffset) / (double)segments);
    }

    private static uint At(ReadOnlySpan<byte> info, int offset) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(info[offset..]) : BinaryPrimitives.ReadUInt32BigEndian(info[offset..]);
}
