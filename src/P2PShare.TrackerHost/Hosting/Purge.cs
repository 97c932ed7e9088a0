using System.Data.Common;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// Has each store delete what has expired, once an announce interval. It only frees room: every reader checks the time itself.
/// Rotates the keys of tickets besides. Several instances can do so: each finds what is left to do.
/// </summary>
internal sealed partial class Purge(
    TrackerDatabase database,
    PeerOptions peers,
    TicketOptions tickets,
    SessionService sessions,
    LoginThrottle throttle,
    TicketKeys keys,
    TimeProvider clock,
    ILogger<Purge> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(peers.AnnounceInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await database.WriteAsync(PurgeExpiredAsync, stoppingToken);
                while (await database.WriteAsync(LostHoldingStore.SweepAsync, stoppingToken))
                {
                    // In writes of their own, between which others get their turn.
                }

                await keys.RotateAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                PurgeFailed(e, peers.AnnounceInterval);
            }
        }
    }

    private async Task PurgeExpiredAsync(DbConnection connection)
    {
        var now = clock.GetUtcNow();
        await RevocationStore.PurgeExpiredAsync(connection, tickets, now);
        await EventStore.PurgeExpiredAsync(connection, now);
        await throttle.PurgeExpiredAsync(connection, now);
        await InvitationStore.PurgeExpiredAsync(connection, now);
        await PeerStore.PurgeExpiredAsync(connection, peers.OnlineSince(now));
        await sessions.PurgeExpiredAsync(connection, now);
        await FileStore.PurgeExpiredAsync(connection, now);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Deleting what has expired failed; the next try is in {Interval}.")]
    private partial void PurgeFailed(Exception exception, TimeSpan interval);
}
