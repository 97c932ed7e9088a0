namespace P2PShare.Bench.Line;

/// <summary>What the kernel's TCP is set to, which new network namespaces take over.</summary>
internal static class TcpSettings
{
    private const string Folder = "/proc/sys/net/ipv4/";

    /// <summary>The algorithm of congestion control in use.</summary>
    public static string Congestion => Read("tcp_congestion_control");

    /// <summary>The algorithms that there are.</summary>
    public static IReadOnlyList<string> AllCongestion => Read("tcp_available_congestion_control").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Least, first and greatest bytes of a receiving and a sending socket's buffer, as a sentence has them.</summary>
    public static string Buffers => $"tcp_rmem {Read("tcp_rmem")}, tcp_wmem {Read("tcp_wmem")}";

    private static string Read(string name) => File.ReadAllText(Folder + name).Trim().Replace('\t', ' ');
}
