using System.Net;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>What a connection may cost, and whose word about a client's address counts.</summary>
internal sealed class ConnectionOptions
{
    /// <summary>Connections at once; 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int Connections { get; set; } = 20_000;

    /// <summary>Connections at once from one address (an IPv6 /64 is one); 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int ConnectionsPerAddress { get; set; } = 2_000;

    /// <summary>TLS handshakes that are worked on at once; 1 to 100000.</summary>
    [SettingRange(1, 100_000)]
    public int HandshakesAtOnce { get; set; } = 64;

    /// <summary>Connections that can wait for their TLS handshake; 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int HandshakeQueueLength { get; set; } = 20_000;

    /// <summary>How long a connection can wait for its TLS handshake; a second to 5 minutes.</summary>
    [SettingRange("00:00:01", "00:05:00")]
    public TimeSpan HandshakeQueueTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a TLS handshake may take once it is its turn, and how long a connection may send nothing before it; a second to 5 minutes.</summary>
    [SettingRange("00:00:01", "00:05:00")]
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the headers of a request may take; a second to 5 minutes.</summary>
    [SettingRange("00:00:01", "00:05:00")]
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may be silent between requests; a second to an hour.</summary>
    [SettingRange("00:00:01", "01:00:00")]
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>Least speed of a body, in bytes per second, once <see cref="BodyGrace"/> is over; 1 to 1048576.</summary>
    [SettingRange(1, 1024 * 1024)]
    public int BodyBytesPerSecond { get; set; } = 240;

    /// <summary>How long a body may be slower than that; 2 seconds to 5 minutes.</summary>
    [SettingRange("00:00:02", "00:05:00")]
    public TimeSpan BodyGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a body may take, however fast it is; a second to an hour.</summary>
    [SettingRange("00:00:01", "01:00:00")]
    public TimeSpan BodyTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes of bodies of one user that are worked on at once; without a session, of one address. 2097152, the longest body, to 2147483647.</summary>
    [SettingRange(2 * 1024 * 1024, int.MaxValue)]
    public int BodyBytesPerUser { get; set; } = 8 * 1024 * 1024;

    /// <summary>The same of all together; 2097152 to 2147483647.</summary>
    [SettingRange(2 * 1024 * 1024, int.MaxValue)]
    public int TotalBodyBytes { get; set; } = 128 * 1024 * 1024;

    /// <summary>Lists that are made and sent to one user at once; 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int ListsPerUser { get; set; } = 8;

    /// <summary>Addresses and networks (CIDR), separated by commas, whose <c>X-Forwarded-For</c> counts.</summary>
    [NetworksSetting]
    public string? TrustedProxies { get; set; }

    /// <summary><see cref="TrustedProxies"/>, parsed.</summary>
    public IReadOnlyList<IPNetwork> GetTrustedNetworks() => [.. ListSetting.Split(TrustedProxies).Select(NetworksSettingAttribute.Parse).OfType<IPNetwork>()];
}
