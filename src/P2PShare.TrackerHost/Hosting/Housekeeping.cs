using System.Data.Common;
using Dapper;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// Deletes what has expired, once an announce interval. It only frees room: whatever reads looks at the time itself.
/// </summary>
internal sealed class Housekeeping(
    TrackerDatabase database, TrackerOptions options, TimeProvider clock, LoginThrottle throttle, ILogger<Housekeeping> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.AnnounceInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                throttle.Forget();
                await database.WriteAsync(ForgetAsync, stoppingToken);
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
        await EndedAccessStore.ForgetAsync(connection, options, now);
        await EventStore.ForgetAsync(connection, now);
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
