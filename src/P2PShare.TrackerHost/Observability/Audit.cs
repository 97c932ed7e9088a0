using System.Net;
using System.Threading.RateLimiting;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Observability;

/// <summary>
/// The log of who did what: category <see cref="Category"/>, one line for each act, the same fields in each. Never a password,
/// a token, or a typed user name without an account: it may be a password.
/// </summary>
internal sealed class Audit(ILoggerFactory loggers) : IDisposable
{
    public const string Category = "P2PShare.Audit";

    private static readonly Dictionary<AuditAct, Action<ILogger, AuditAct, IPAddress?, string?, string?, string?, Exception?>> Lines =
        Enum.GetValues<AuditAct>().ToDictionary(act => act, Define);

    private readonly ILogger _logger = loggers.CreateLogger(Category);

    // A flood of requests must not flood the log.
    private readonly PartitionedRateLimiter<string> _throttled = PartitionedRateLimiter.Create<string, string>(
        network => RateLimitPartition.GetFixedWindowLimiter(
            network, _ => new FixedWindowRateLimiterOptions { PermitLimit = 1, Window = TimeSpan.FromMinutes(1) }));

    /// <param name="address">Null for the operator, who is at the tracker's machine.</param>
    /// <param name="subject">The user or thing that the act is about.</param>
    public void Write(AuditAct act, IPAddress? address, string? user = null, string? group = null, string? subject = null) =>
        // A command of a newer version leaves acts that this one has no name for.
        (Lines.GetValueOrDefault(act) ?? Define(act))(_logger, act, address, user, group, subject, null);

    /// <summary>Writes what the operator did with a command; no user of the tracker has such a name.</summary>
    /// <param name="account">Of the system.</param>
    public void WriteOperator(AuditAct act, string account, string subject) => Write(act, address: null, $"operator:{account}", subject: subject);

    /// <summary>Writes that an address exceeded a limit, at most once a minute.</summary>
    /// <param name="what">What there was too much of.</param>
    public void Throttled(IPAddress address, string what, string? user = null)
    {
        using var lease = _throttled.AttemptAcquire(address.Network() + what);
        if (lease.IsAcquired)
        {
            Write(AuditAct.Throttled, address, user, subject: what);
        }
    }

    public void Dispose() => _throttled.Dispose();

    private static Action<ILogger, AuditAct, IPAddress?, string?, string?, string?, Exception?> Define(AuditAct act) =>
        LoggerMessage.Define<AuditAct, IPAddress?, string?, string?, string?>(
            LogLevel.Information, new EventId((int)act, act.ToString()), "{Act} address={Address} user={User} group={Group} subject={Subject}");
}
