using System.Data.Common;
using System.Diagnostics.Metrics;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// Has each store delete what has expired, once an announce interval, in parts between which other writes get their turn. It only frees room: every reader checks the time itself.
/// Rotates the keys of tickets besides, and writes to the audit log what the operator did with commands. Several instances can do so: each finds what is left to do.
/// </summary>
internal sealed partial class Purge : BackgroundService
{
    // Of a part's statements, which take some milliseconds: one that takes longer holds up no other write for longer.
    private static readonly TimeSpan StatementTimeout = TimeSpan.FromSeconds(5);

    private readonly TrackerDatabase _database;
    private readonly PeerOptions _peers;
    private readonly TicketOptions _tickets;
    private readonly SessionService _sessions;
    private readonly LoginThrottle _throttle;
    private readonly UserService _users;
    private readonly TicketKeys _keys;
    private readonly Audit _audit;
    private readonly TimeProvider _clock;
    private readonly ILogger<Purge> _logger;
    private volatile int _failing;

    public Purge(
        IMeterFactory meters,
        TrackerDatabase database,
        PeerOptions peers,
        TicketOptions tickets,
        SessionService sessions,
        LoginThrottle throttle,
        UserService users,
        TicketKeys keys,
        Audit audit,
        TimeProvider clock,
        ILogger<Purge> logger)
    {
        (_database, _peers, _tickets, _sessions, _throttle, _users, _keys) = (database, peers, tickets, sessions, throttle, users, keys);
        (_audit, _clock, _logger) = (audit, clock, logger);
        meters.Create(TrackerMeter.Name).CreateObservableGauge(
            "p2pshare.tracker.purge.failing", () => _failing, "{purge}", "Kinds of expired rows that could not be deleted the last time.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_peers.AnnounceInterval, _clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            _failing = await RunAllAsync(_clock.GetUtcNow(), stoppingToken);
        }
    }

    /// <returns>How many failed.</returns>
    private async Task<int> RunAllAsync(DateTimeOffset now, CancellationToken stoppingToken)
    {
        var failed = 0;
        await TryAsync("revocations", () => RunAsync(connection => RevocationStore.PurgeExpiredAsync(connection, _tickets, now), stoppingToken));
        await TryAsync("events", () => RunAsync(connection => EventStore.PurgeExpiredAsync(connection, now), stoppingToken));
        await TryAsync("wrong passwords", () => RunAsync(Once(connection => _throttle.PurgeExpiredAsync(connection, now)), stoppingToken));
        await TryAsync("networks of logins", () => RunAsync(connection => LoginNetworkStore.PurgeExpiredAsync(connection, now), stoppingToken));
        await TryAsync("invitations", () => RunAsync(Once(connection => InvitationStore.PurgeExpiredAsync(connection, now)), stoppingToken));
        await TryAsync("peers", () => RunPeersAsync(_peers.OnlineSince(now), stoppingToken));
        await TryAsync("sessions", () => RunAsync(connection => _sessions.PurgeExpiredAsync(connection, now), stoppingToken));
        await TryAsync("earlier versions", () => RunAsync(connection => VersionStore.PurgeExpiredAsync(connection, now), stoppingToken));
        await TryAsync("replaced contents", () => RunAsync(connection => FileStore.PurgeExpiredAsync(connection, now), stoppingToken));
        await TryAsync("deleted groups", () => RunRemovedGroupsAsync(stoppingToken));
        await TryAsync("deleted users", () => _users.SweepAllAsync(stoppingToken));
        await TryAsync("what former members shared", () => RunFormerMembersAsync(now, stoppingToken));
        await TryAsync("holdings of withdrawn contents", () => RunAsync(connection => LostHoldingStore.SweepAsync(connection, now), stoppingToken));
        await TryAsync("acts of the operator", () => WriteOperatorActsAsync(stoppingToken));
        await TryAsync("keys of tickets", () => _keys.RotateAsync(stoppingToken));
        await TryAsync("the database's log", () => _database.TrimLogAsync(stoppingToken));
        return failed;

        // One that fails does not keep the others from their turn.
        async Task TryAsync(string what, Func<Task> purge)
        {
            try
            {
                await purge();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failed++;
                PurgeFailed(e, what, _peers.AnnounceInterval);
            }
        }
    }

    private async Task WriteOperatorActsAsync(CancellationToken stoppingToken)
    {
        foreach (var (act, account, subject) in await _database.WriteAsync(OperatorActStore.TakeAsync, stoppingToken))
        {
            _audit.WriteOperator(act, account, subject);
        }
    }

    private async Task RunPeersAsync(long onlineSince, CancellationToken stoppingToken)
    {
        while (await _database.ReadAsync(connection => PeerStore.FindExpiredAsync(connection, onlineSince), stoppingToken) is { Count: > 0 } expired)
        {
            foreach (var some in expired.Chunk(PartialDelete.MaxRows))
            {
                await RunAsync(connection => PeerStore.PurgeExpiredAsync(connection, some, onlineSince), stoppingToken);
            }
        }
    }

    private async Task RunRemovedGroupsAsync(CancellationToken stoppingToken)
    {
        while (await _database.ReadAsync(GroupStore.FindEndedAsync, stoppingToken) is { } group)
        {
            await RunAsync([WriteLock.RemovalOf(group)], connection => GroupRemoval.SweepAsync(connection, group), stoppingToken);
        }
    }

    private async Task RunFormerMembersAsync(DateTimeOffset now, CancellationToken stoppingToken)
    {
        while (await _database.ReadAsync(connection => EndedMembershipStore.FindAnyAsync(connection, now), stoppingToken) is { } ended)
        {
            await RunAsync(
                [WriteLock.Group(ended.GroupName)], connection => EndedMembershipStore.SweepAsync(connection, ended.GroupId, ended.UserId, now), stoppingToken);
        }
    }

    private Task RunAsync(Func<DbConnection, Task<bool>> purgeSome, CancellationToken stoppingToken) => RunAsync([], purgeSome, stoppingToken);

    /// <param name="purgeSome">Returns whether more may be left.</param>
    private async Task RunAsync(IReadOnlyCollection<WriteLock> locks, Func<DbConnection, Task<bool>> purgeSome, CancellationToken stoppingToken)
    {
        while (await _database.WriteAsync(locks, PurgeAsync, stoppingToken))
        {
        }

        async Task<bool> PurgeAsync(DbConnection connection)
        {
            await _database.SetTimeoutAsync(connection, StatementTimeout);
            var more = await purgeSome(connection);
            // Other writes of the same transaction follow.
            await _database.SetTimeoutAsync(connection, timeout: null);
            return more;
        }
    }

    private static Func<DbConnection, Task<bool>> Once(Func<DbConnection, Task> purge) => async connection =>
    {
        await purge(connection);
        return false;
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "Deleting what has expired failed for {What}; the next try is in {Interval}.")]
    private partial void PurgeFailed(Exception exception, string what, TimeSpan interval);
}
