using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>What an operator can set, under <c>Tracker:</c> of the configuration.</summary>
internal sealed partial class TrackerOptions
{
    public const string Section = "Tracker";

    private const int IntervalsUntilForgotten = 3;

    /// <summary>Host of the line of <c>tracker_info.txt</c>: an address of this machine, <c>localhost</c>, or a name.</summary>
    internal string Host { get; set; } = "127.0.0.1";

    /// <summary>0 to 65535; 0 takes a free one.</summary>
    internal int Port { get; set; }

    /// <summary>
    /// Rounds of PBKDF2-HMAC-SHA-512 (OWASP's number of 2023). Not configurable on purpose: a weak setting would stay unnoticed.
    /// </summary>
    internal int PasswordIterations { get; set; } = 210_000;

    /// <summary>
    /// <c>ConnectionStrings:Tracker</c>, which is no setting of the tracker's own section, as every .NET program has it. Holds a password.
    /// </summary>
    internal string? ConnectionString { get; set; }

    /// <summary>Where the tracker keeps what it knows.</summary>
    public DatabaseKind Database { get; set; }

    /// <summary>Folder of the certificate and of an SQLite database.</summary>
    public string DataPath { get; set; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "P2PShare", "tracker");

    /// <summary>How long an unused session lasts; an hour to ten years.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a ticket lasts, and so how long a removed member may still fetch; a minute to a day.</summary>
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a key signs tickets before the next one does; a day to ten years.</summary>
    public TimeSpan TicketKeyLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often peers announce; one that is silent for three of them is forgotten. A second to an hour.</summary>
    public TimeSpan AnnounceInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a replaced content can still be fetched; 0 to 30 days.</summary>
    public TimeSpan ReplacedContentLifetime { get; set; } = TimeSpan.FromHours(6);

    /// <summary>How long a wrong password counts; a second to a day.</summary>
    public TimeSpan LoginFailureWindow { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Wrong passwords for one account from one address within the window; at least 1.</summary>
    public int LoginFailuresPerAccount { get; set; } = 10;

    /// <summary>Wrong passwords from one address within the window, whatever the account; at least 1.</summary>
    public int LoginFailuresPerAddress { get; set; } = 100;

    /// <summary>Passwords hashed at once; 1 to 64.</summary>
    public int PasswordHashesAtOnce { get; set; } = 2;

    /// <summary>Passwords that may wait for their turn; the rest is told to come back later. 1 to 100000.</summary>
    public int PasswordQueueLength { get; set; } = 256;

    /// <summary>
    /// <c>address:port</c> of a listener of its own, plain HTTP, for <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>; null: there is none.
    /// </summary>
    public string? MetricsAddress { get; set; }

    /// <summary>What a line of the log looks like.</summary>
    public LogFormat LogFormat { get; set; }

    /// <summary>How long, once it is to end, it says that it is not ready and still takes requests; 0 to 5 minutes.</summary>
    public TimeSpan DrainTime { get; set; }

    /// <summary>How long requests under way may take until they are cut off at its end; a second to 5 minutes.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>PEM, with its chain, or PFX; null: the certificate that the tracker makes for itself.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>PEM; null: the private key is in the file of the certificate.</summary>
    public string? CertificateKeyPath { get; set; }

    /// <summary>Of a PFX or an encrypted key. Never on the command line.</summary>
    public string? CertificatePassword { get; set; }

    /// <summary>A file whose first line is the password.</summary>
    public string? CertificatePasswordFile { get; set; }

    /// <summary>Addresses and networks (CIDR), separated by commas, whose <c>X-Forwarded-For</c> is believed.</summary>
    public string? TrustedProxies { get; set; }

    /// <summary>How often the files of the certificate are looked at.</summary>
    internal TimeSpan CertificateInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Peers whose last announce is older than this, in Unix seconds, are forgotten.</summary>
    public long PeersSeenSince(DateTimeOffset now) => (now - (AnnounceInterval * IntervalsUntilForgotten)).ToUnixTimeSeconds();

    /// <summary>Peers whose last announce is older than this, in Unix seconds, are late: they announce once an interval.</summary>
    public long PeersInTimeSince(DateTimeOffset now) => (now - (AnnounceInterval * 1.5)).ToUnixTimeSeconds();

    /// <summary>Whether it ends when its standard input does, and not at Ctrl+C: a shell that runs it is its life.</summary>
    public bool StopAtEndOfInput { get; set; }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>, naming the first setting that is out of its range.</exception>
    public void Check()
    {
        if (FindProblems() is [var first, ..])
        {
            throw new P2PShareException(ErrorCode.InvalidConfiguration, first);
        }
    }

    /// <summary>A sentence for each setting that is out of its range.</summary>
    public IReadOnlyList<string> FindProblems()
    {
        var problems = new List<string>();
        void CheckRange<T>(string name, T value, T least, T most)
            where T : IComparable<T>
        {
            problems.AddRange(OutOfRange(name, value, least, most));
        }

        if (string.IsNullOrWhiteSpace(DataPath))
        {
            problems.Add($"{Section}:{nameof(DataPath)} is empty: the path of a folder was expected.");
        }

        CheckRange(nameof(SessionLifetime), SessionLifetime, TimeSpan.FromHours(1), TimeSpan.FromDays(3650));
        CheckRange(nameof(TicketLifetime), TicketLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        CheckRange(nameof(TicketKeyLifetime), TicketKeyLifetime, TimeSpan.FromDays(1), TimeSpan.FromDays(3650));
        CheckRange(nameof(AnnounceInterval), AnnounceInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        CheckRange(nameof(ReplacedContentLifetime), ReplacedContentLifetime, TimeSpan.Zero, TimeSpan.FromDays(30));
        CheckRange(nameof(LoginFailureWindow), LoginFailureWindow, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        CheckRange(nameof(LoginFailuresPerAccount), LoginFailuresPerAccount, 1, int.MaxValue);
        CheckRange(nameof(LoginFailuresPerAddress), LoginFailuresPerAddress, 1, int.MaxValue);
        CheckRange(nameof(PasswordHashesAtOnce), PasswordHashesAtOnce, 1, 64);
        CheckRange(nameof(PasswordQueueLength), PasswordQueueLength, 1, 100_000);
        CheckRange(nameof(DrainTime), DrainTime, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        CheckRange(nameof(ShutdownTimeout), ShutdownTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        problems.AddRange(MetricsListener.FindProblems(this));
        problems.AddRange(Hosting.TrustedProxies.FindProblems(this));
        problems.AddRange(CertificateFile.FindProblems(this));
        problems.AddRange(FindLimitProblems());
        return problems;
    }

    private static string[] OutOfRange<T>(string name, T value, T least, T most)
        where T : IComparable<T> => value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0
        ? []
        : [$"{Section}:{name} is {value}: {least} to {most} was expected{(value is TimeSpan ? ", written as [days.]hours:minutes:seconds" : "")}."];
}
