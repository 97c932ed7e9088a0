using System.Data.Common;
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
/// Has each store delete what has expired, once an announce interval. It only frees room: every reader checks the time itself.
/// Rotates the keys of tickets besides, and writes to the audit log what the operator did with commands. Several instances can do so: each finds what is left to do.
/// </summary>
internal sealed partial class Purge(
    TrackerDatabase database,
    PeerOptions peers,
    TicketOptions tickets,
    SessionService sessions,
    LoginThrottle throttle,
    TicketKeys keys,
    Audit audit,
    TimeProvider clock,
    ILogger<Purge> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(peers.AnnounceInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = clock.GetUtcNow();
            await RunAsync("revocations", connection => RevocationStore.PurgeExpiredAsync(connection, tickets, now), stoppingToken);
            await RunAsync("events", connection => EventStore.PurgeExpiredAsync(connection, now), stoppingToken);
            await RunAsync("wrong passwords", connection => throttle.PurgeExpiredAsync(connection, now), stoppingToken);
            await RunAsync("invitations", connection => InvitationStore.PurgeExpiredAsync(connection, now), stoppingToken);
            await RunInPartsAsync("peers", connection => PeerStore.PurgeExpiredAsync(connection, peers.OnlineSince(now)), stoppingToken);
            await RunAsync("sessions", connection => sessions.PurgeExpiredAsync(connection, now), stoppingToken);
            await RunAsync("replaced contents", connection => FileStore.PurgeExpiredAsync(connection, now), stoppingToken);
            await RunInPartsAsync("deleted users", connection => UserService.SweepAnyAsync(connection, now), stoppingToken);
            await RunInPartsAsync("what former members shared", connection => EndedMembershipStore.SweepAnyAsync(connection, now), stoppingToken);
            await RunInPartsAsync("holdings of withdrawn contents", LostHoldingStore.SweepAsync, stoppingToken);
            await TryAsync("acts of the operator", () => WriteOperatorActsAsync(stoppingToken));
            await TryAsync("keys of tickets", () => keys.RotateAsync(stoppingToken));
        }
    }

    private async Task WriteOperatorActsAsync(CancellationToken stoppingToken)
    {
        foreach (var (act, account, subject) in await database.WriteAsync(OperatorActStore.TakeAsync, stoppingToken))
        {
            audit.WriteOperator(act, account, subject);
        }
    }

    private Task RunAsync(string what, Func<DbConnection, Task> purge, CancellationToken stoppingToken) =>
        TryAsync(what, () => database.WriteAsync(purge, stoppingToken));

    // In writes of their own, between which others get their turn.
    private Task RunInPartsAsync(string what, Func<DbConnection, Task<bool>> purgeSome, CancellationToken stoppingToken) => TryAsync(
        what,
        async () =>
        {
            while (await database.WriteAsync(purgeSome, stoppingToken))
            {
            }
        });

    // One that fails does not keep the others from their turn.
    private async Task TryAsync(string what, Func<Task> purge)
    {
        try
        {
            await purge();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            PurgeFailed(e, what, peers.AnnounceInterval);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Deleting what has expired failed for {What}; the next try is in {Interval}.")]
    private partial void PurgeFailed(Exception exception, string what, TimeSpan interval);
}
