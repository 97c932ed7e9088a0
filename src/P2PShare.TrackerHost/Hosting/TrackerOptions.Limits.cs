using P2PShare.TrackerHost.Accounts;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>How much anybody may ask for and have.</summary>
internal sealed partial class TrackerOptions
{
    /// <summary>Who can make an account.</summary>
    public RegistrationMode Registration { get; set; }

    /// <summary>Logins from one address (an IPv6 /64 is one) in a minute; 1 to 1000000.</summary>
    public int LoginsPerMinute { get; set; } = 600;

    /// <summary>Attempts to make an account from one address in a minute; 1 to 1000000.</summary>
    public int NewUsersPerMinute { get; set; } = 300;

    /// <summary>Requests of one user, or of one address that nobody is logged in from, in a minute; 1 to 10000000.</summary>
    public int RequestsPerMinute { get; set; } = 60_000;

    /// <summary>Announces of one user's peers in a minute; 1 to 10000000.</summary>
    public int AnnouncesPerMinute { get; set; } = 120_000;

    /// <summary>Streams of events that one user has open at one instance; 1 to 1000000.</summary>
    public int EventStreamsPerUser { get; set; } = 2_000;

    /// <summary>Connections at once; 1 to 1000000.</summary>
    public int Connections { get; set; } = 50_000;

    /// <summary>Connections at once from one address (an IPv6 /64 is one); 1 to 1000000.</summary>
    public int ConnectionsPerAddress { get; set; } = 2_000;

    /// <summary>How long a TLS handshake may take; a second to 5 minutes.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the headers of a request may take; a second to 5 minutes.</summary>
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may be silent between requests; a second to an hour.</summary>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>Least speed of a body, in bytes per second, once <see cref="BodyGrace"/> is over; 1 to 1048576.</summary>
    public int BodyBytesPerSecond { get; set; } = 240;

    /// <summary>How long a body may be slower than that; 2 seconds to 5 minutes.</summary>
    public TimeSpan BodyGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Groups that one user owns; 0 to a billion.</summary>
    public int GroupsPerUser { get; set; } = 1_000;

    /// <summary>Files that one user shares, in all groups together; 0 to a billion.</summary>
    public int FilesPerUser { get; set; } = 100_000;

    /// <summary>Files of one group; 0 to a billion.</summary>
    public int FilesPerGroup { get; set; } = 100_000;

    /// <summary>Members of one group, its owner included; 1 to a billion.</summary>
    public int MembersPerGroup { get; set; } = 10_000;

    /// <summary>Groups that one user asks to join and has no answer from; 0 to a billion.</summary>
    public int JoinRequestsPerUser { get; set; } = 1_000;

    private void CheckLimits()
    {
        const int Million = 1_000_000;
        const int Billion = 1_000_000_000;
        CheckRange(nameof(LoginsPerMinute), LoginsPerMinute, 1, Million);
        CheckRange(nameof(NewUsersPerMinute), NewUsersPerMinute, 1, Million);
        CheckRange(nameof(RequestsPerMinute), RequestsPerMinute, 1, 10 * Million);
        CheckRange(nameof(AnnouncesPerMinute), AnnouncesPerMinute, 1, 10 * Million);
        CheckRange(nameof(EventStreamsPerUser), EventStreamsPerUser, 1, Million);
        CheckRange(nameof(Connections), Connections, 1, Million);
        CheckRange(nameof(ConnectionsPerAddress), ConnectionsPerAddress, 1, Million);
        CheckRange(nameof(HandshakeTimeout), HandshakeTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        CheckRange(nameof(HeadersTimeout), HeadersTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        CheckRange(nameof(KeepAliveTimeout), KeepAliveTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        CheckRange(nameof(BodyBytesPerSecond), BodyBytesPerSecond, 1, 1024 * 1024);
        CheckRange(nameof(BodyGrace), BodyGrace, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5));
        CheckRange(nameof(GroupsPerUser), GroupsPerUser, 0, Billion);
        CheckRange(nameof(FilesPerUser), FilesPerUser, 0, Billion);
        CheckRange(nameof(FilesPerGroup), FilesPerGroup, 0, Billion);
        CheckRange(nameof(MembersPerGroup), MembersPerGroup, 1, Billion);
        CheckRange(nameof(JoinRequestsPerUser), JoinRequestsPerUser, 0, Billion);
    }
}
