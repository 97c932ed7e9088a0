using System.Data.Common;
using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Observability;

/// <summary>
/// Whether the tracker can do its work: its database is read from and written to, has the schema that this program needs
/// and a key that signs tickets, requests do not fail in series, and the tracker is not shutting down. Every client can ask, so it probes at most
/// once a second.
/// </summary>
internal sealed partial class ReadinessCheck(
    TrackerDatabase database, RecentFailures failures, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<ReadinessCheck> logger) : IHealthCheck
{
    /// <summary>How long a probe may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Task _probe = Task.CompletedTask;
    private long? _wasReady;
    private int _hasLogged;
    private volatile bool _isDraining;

    /// <summary>From here on the tracker is not ready, though it still serves.</summary>
    public void StartDraining() => _isDraining = true;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await CheckAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (P2PShareException e)
        {
            return HealthCheckResult.Unhealthy(e.Message, e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The health check service, whose own log is off, would only report it.
            LogOnce(e, e.Message);
            return HealthCheckResult.Unhealthy(exception: e);
        }
    }

    /// <exception cref="P2PShareException">It is not ready; the message says why.</exception>
    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (_isDraining || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new P2PShareException(ErrorCode.TrackerFailed, "The tracker is shutting down: use another one.");
        }

        if (clock is DatabaseTime { Skew: var skew } && skew.Duration() > ClockWatch.Unusable)
        {
            throw new P2PShareException(
                ErrorCode.TrackerFailed,
                $"This machine's clock is {skew.Duration().TotalSeconds:0} seconds {(skew > TimeSpan.Zero ? "ahead of" : "behind")} the database's. Check NTP on both.");
        }

        if (failures.IsSeries)
        {
            var message = $"At least {RecentFailures.Series} requests, and most of their kind, ended with 500 in the last {RecentFailures.Window.TotalSeconds:0} seconds; the tracker's log says why.";
            LogOnce(null, message);
            throw new P2PShareException(ErrorCode.TrackerFailed, message);
        }

        Task probe;
        lock (_lock)
        {
            if (_wasReady is { } ready && clock.GetElapsedTime(ready) < ProbeInterval)
            {
                return;
            }

            if (_probe.IsCompleted)
            {
                _probe = Task.Run(ProbeAsync, CancellationToken.None);
            }

            probe = _probe;
        }

        try
        {
            await probe.WaitAsync(Timeout, clock, cancellationToken);
            Interlocked.Exchange(ref _hasLogged, 0);
        }
        catch (P2PShareException e)
        {
            LogOnce(e, e.Message);
            throw;
        }
        catch (TimeoutException e)
        {
            var message = $"The tracker's database did not answer within {Timeout.TotalSeconds} seconds.";
            LogOnce(null, message);
            throw new P2PShareException(ErrorCode.TrackerFailed, message, e);
        }
    }

    private async Task ProbeAsync()
    {
        try
        {
            var (version, keys) = await database.ReadAsync(
                connection => connection.QuerySingleAsync<(long, long)>(
                    "SELECT (SELECT MAX(version) FROM schema_version) AS Version, (SELECT COUNT(*) FROM ticket_keys) AS Keys"),
                CancellationToken.None);
            if (version < Migrations.Latest)
            {
                throw new P2PShareException(
                    ErrorCode.TrackerFailed,
                    $"The tracker's database has schema version {version}, and {Migrations.Latest} is needed: an older one was restored while the tracker ran. Start it again.");
            }

            if (keys == 0)
            {
                throw new P2PShareException(
                    ErrorCode.TrackerFailed, "The tracker's database has no key that signs tickets: it was emptied while the tracker ran. Start it again.");
            }

            await database.WriteAsync(connection => TrackerIdentity.ProbeWriteAsync(connection, clock.GetUtcNow()), CancellationToken.None);
            lock (_lock)
            {
                _wasReady = clock.GetTimestamp();
            }
        }
        catch (DbException e)
        {
            throw new P2PShareException(ErrorCode.TrackerFailed, "The tracker's database cannot be read and written; the tracker's log says why.", e);
        }
    }

    // Probes come every few seconds.
    private void LogOnce(Exception? exception, string reason)
    {
        if (Interlocked.Exchange(ref _hasLogged, 1) == 0)
        {
            NotReady(exception, reason);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Not ready: {Reason}")]
    private partial void NotReady(Exception? exception, string reason);
}
