using System.Globalization;
using Microsoft.Extensions.Configuration;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Support;

/// <summary>The settings of a test's tracker, as an operator gives them, and what only a test can set. Null: the tracker's default.</summary>
internal sealed class TestTrackerOptions
{
    public DatabaseKind? Database { get; set; }

    public string DataPath { get; set; } = Path.Combine(Path.GetTempPath(), $"p2pshare-tracker-{Guid.NewGuid():N}");

    public RegistrationMode? Registration { get; set; }

    public TimeSpan? LoginFailureWindow { get; set; }

    public int? LoginFailuresPerAccount { get; set; }

    public int? LoginFailuresPerAddress { get; set; }

    public int? PasswordHashesAtOnce { get; set; }

    public int? PasswordQueueLength { get; set; }

    public TimeSpan? SessionLifetime { get; set; }

    public TimeSpan? TicketLifetime { get; set; }

    public TimeSpan? TicketKeyLifetime { get; set; }

    public TimeSpan? AnnounceInterval { get; set; }

    public int? PeersPerUser { get; set; }

    public int? PeersPerUserAndGroup { get; set; }

    public int? HoldingsPerUser { get; set; }

    public int? SessionsPerUser { get; set; }

    public TimeSpan? ReplacedContentLifetime { get; set; }

    public int? GroupsPerUser { get; set; }

    public int? FilesPerUser { get; set; }

    public int? FilesPerGroup { get; set; }

    public int? MembersPerGroup { get; set; }

    public int? JoinRequestsPerUser { get; set; }

    public int? EventStreamsPerUser { get; set; }

    public int? DialStreams { get; set; }

    public int? DialStreamsPerUser { get; set; }

    public int? DialRequestsPerMinute { get; set; }

    public int? TotalDialRequestsPerMinute { get; set; }

    public int? LoginsPerMinute { get; set; }

    public int? NewUsersPerMinute { get; set; }

    public int? RequestsPerMinute { get; set; }

    public int? AnnouncesPerMinute { get; set; }

    public int? Connections { get; set; }

    public int? ConnectionsPerAddress { get; set; }

    public int? HandshakesAtOnce { get; set; }

    public int? HandshakeQueueLength { get; set; }

    public TimeSpan? HandshakeQueueTimeout { get; set; }

    public TimeSpan? HandshakeTimeout { get; set; }

    public TimeSpan? HeadersTimeout { get; set; }

    public TimeSpan? KeepAliveTimeout { get; set; }

    public int? BodyBytesPerSecond { get; set; }

    public TimeSpan? BodyGrace { get; set; }

    public TimeSpan? BodyTimeout { get; set; }

    public int? BodyBytesPerUser { get; set; }

    public int? TotalBodyBytes { get; set; }

    public int? ListsPerUser { get; set; }

    public string? TrustedProxies { get; set; }

    public string? MetricsAddress { get; set; }

    public string? MetricsHosts { get; set; }

    public TimeSpan? DrainTime { get; set; }

    public TimeSpan? ShutdownTimeout { get; set; }

    public string? CertificatePath { get; set; }

    public string? CertificateKeyPath { get; set; }

    public string? CertificatePassword { get; set; }

    public string? CertificatePasswordFile { get; set; }

    // Not settings of the program.

    internal string? ConnectionString { get; set; }

    internal int Port { get; set; }

    // Few rounds, for speed: PasswordHashTests tests the real number.
    internal int PasswordIterations { get; set; } = 1000;

    internal TimeSpan? CertificateInterval { get; set; }

    /// <summary>All settings that are given, as a configuration.</summary>
    public IConfiguration ToConfiguration()
    {
        var given = typeof(TestTrackerOptions).GetProperties()
            .Select(property => KeyValuePair.Create($"{TrackerSettings.Section}:{property.Name}", Convert.ToString(property.GetValue(this), CultureInfo.InvariantCulture)))
            .Where(setting => !string.IsNullOrEmpty(setting.Value))
            .Append(KeyValuePair.Create("ConnectionStrings:Tracker", ConnectionString));
        return new ConfigurationBuilder().AddInMemoryCollection(given).Build();
    }

    public StorageOptions ToStorage() => new() { Database = Database ?? default, DataPath = DataPath, ConnectionString = ConnectionString };
}
