using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Writes when peers were seen last, for all of a second together, and after their announces were answered: nothing is lost
/// with the last second, as a peer is online for several intervals after it was seen.
/// </summary>
internal sealed class LastSeen(TrackerDatabase database, TimeProvider clock, ILogger<LastSeen> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // What a second brings is written in so many parts, with pauses that take half of the next: in one go, all that is
    // asked meanwhile would wait for the processor.
    private const int Parts = 25;
    private const int LeastPart = 100;
    private static readonly TimeSpan Pause = Interval / (2 * Parts);

    private readonly Lock _gate = new();
    private HashSet<long> _peers = [];
    private DateTimeOffset _time;

    /// <param name="peers">Ids.</param>
    public void Add(IEnumerable<long> peers, DateTimeOffset time)
    {
        lock (_gate)
        {
            _peers.UnionWith(peers);
            _time = time > _time ? time : _time;
        }
    }

    /// <summary>Writes what is left, too.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(TimeSpan.Zero);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await WriteAsync(Pause);
        }
    }

    private async Task WriteAsync(TimeSpan pause)
    {
        var (peers, time) = Take();
        var isFirst = true;
        // Neighbours share a page.
        foreach (var some in peers.Order().Chunk(Math.Max(LeastPart, peers.Count / Parts)))
        {
            await Task.Delay(isFirst ? TimeSpan.Zero : pause);
            isFirst = false;
            try
            {
                await database.WriteSharedAsync(
                    connection => connection.ExecuteAsync(
                        $"UPDATE peers SET last_seen = @Time WHERE {connection.In("id", "@Peers")} AND last_seen < @Time",
                        new { Time = time.ToUnixTimeSeconds(), Peers = connection.List(some) }),
                    CancellationToken.None);
            }
            catch (P2PShareException)
            {
                // The database is away, or its disk full, which is said where it is found. Whoever lives announces again.
                return;
            }
            catch (Exception e)
            {
                logger.LastSeenUnwritten(e);
            }
        }
    }

    private (HashSet<long> Peers, DateTimeOffset Time) Take()
    {
        lock (_gate)
        {
            var taken = _peers;
            _peers = [];
            return (taken, _time);
        }
    }
}
