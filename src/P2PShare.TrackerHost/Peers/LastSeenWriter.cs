using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Writes when peers were seen last, for all of a second together, and after their announces were answered: losing the last
/// second loses nothing, as a peer is online for several intervals after it was seen.
/// </summary>
internal sealed partial class LastSeenWriter(TrackerDatabase database, TimeProvider clock, ILogger<LastSeenWriter> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // The peers of a second are written in this many parts, with pauses that take half of the next second: written at once, they
    // would delay every other request.
    private const int Parts = 25;
    private const int LeastPart = 100;
    private static readonly TimeSpan Pause = Interval / (2 * Parts);

    private readonly Lock _lock = new();
    private HashSet<long> _peers = [];
    private DateTimeOffset _time;

    /// <param name="peers">Ids.</param>
    public void Add(IEnumerable<long> peers, DateTimeOffset time)
    {
        lock (_lock)
        {
            _peers.UnionWith(peers);
            _time = time > _time ? time : _time;
        }
    }

    /// <summary>Writes the rest, too.</summary>
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
            await Task.Delay(isFirst ? TimeSpan.Zero : pause, clock);
            isFirst = false;
            try
            {
                await database.WritePresenceAsync(
                    async connection =>
                    {
                        await PeerStore.SetLastSeenAsync(connection, some, time);
                        return true;
                    },
                    CancellationToken.None);
            }
            catch (P2PShareException)
            {
                // The database is unavailable or full, which is logged where it is noticed. Peers that live announce again.
                return;
            }
            catch (Exception e)
            {
                LastSeenUnwritten(e);
            }
        }
    }

    private (HashSet<long> Peers, DateTimeOffset Time) Take()
    {
        lock (_lock)
        {
            var taken = _peers;
            _peers = [];
            return (taken, _time);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "When peers were seen last could not be written; it will be with their next announces.")]
    private partial void LastSeenUnwritten(Exception exception);
}
