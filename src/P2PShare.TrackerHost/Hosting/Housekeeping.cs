using System.Data.Common;
using Dapper;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// Deletes what has expired, once an announce interval. It only frees room: whatever reads looks at the time itself. Makes
/// the next key for tickets when its time has come. That several instances do so does no harm: each finds what is left to do.
/// </summary>
internal sealed class Housekeeping(
    TrackerDatabase database, TrackerOptions options, TimeProvider clock, TicketKeys keys, ILogger<Housekeeping> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.AnnounceInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await database.WriteAsync(ForgetAsync, stoppingToken);
                await keys.RotateAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                logger.HousekeepingFailed(e, options.AnnounceInterval);
            }
        }
    }

    private async Task<int> ForgetAsync(DbConnection connection)
    {
        var now = clock.GetUtcNow();
        await RevocationStore.ForgetAsync(connection, options, now);
        await EventStore.ForgetAsync(connection, now);
        await LoginThrottle.ForgetAsync(connection, options, now);
        await InvitationStore.ForgetAsync(connection, now);
        return await connection.ExecuteAsync(
            """
            DELETE FROM peers WHERE last_seen < @PeersSeen;
            DELETE FROM sessions WHERE last_used < @SessionsUsed;
            DELETE FROM retired_contents WHERE expires <= @Now;
            """,
            new
            {
                PeersSeen = options.PeersSeenSince(now),
                SessionsUsed = (now - options.SessionLifetime).ToUnixTimeSeconds(),
                Now = now.ToUnixTimeSeconds(),
            });
    }
}
