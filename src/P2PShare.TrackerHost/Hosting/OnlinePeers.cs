using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>Counts the peers online now and then, where somebody collects metrics.</summary>
internal sealed class OnlinePeers(TrackerDatabase database, TrackerOptions options, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    // -1: not known.
    private long _count = -1;

    /// <summary>Null while it is not known.</summary>
    public long? Count => Interlocked.Read(ref _count) is >= 0 and var count ? count : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            Interlocked.Exchange(ref _count, await CountAsync(stoppingToken));
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await database.ReadAsync(
                connection => connection.ExecuteScalarAsync<long>(
                    "SELECT COUNT(*) FROM peers WHERE last_seen >= @SeenSince", new { SeenSince = options.PeersSeenSince(clock.GetUtcNow()) }),
                cancellationToken);
        }
        catch (Exception e) when (e is P2PShareException or DbException)
        {
            // Whoever needs the database says that it is away.
            return -1;
        }
    }
}
