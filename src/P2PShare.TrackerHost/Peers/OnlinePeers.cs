using System.Data.Common;
using System.Diagnostics.Metrics;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>Counts the peers online regularly, for metrics.</summary>
internal sealed class OnlinePeers : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private const long Unknown = -1;

    private readonly TrackerDatabase _database;
    private readonly PeerOptions _options;
    private readonly TimeProvider _clock;
    private long _count = Unknown;

    public OnlinePeers(IMeterFactory meters, TrackerDatabase database, PeerOptions options, TimeProvider clock)
    {
        _database = database;
        _options = options;
        _clock = clock;
        // No measurement rather than an old one while the database is unavailable.
        meters.Create(TrackerMeter.Name).CreateObservableGauge<long>(
            "p2pshare.tracker.peers.online", () => Count is { } count ? [new Measurement<long>(count)] : [], "{peer}", "Peers online, of all instances.");
    }

    /// <summary>Null while it is not known.</summary>
    public long? Count => Interlocked.Read(ref _count) is not Unknown and var count ? count : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _clock);
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
            return await _database.ReadAsync(
                connection => PeerStore.CountOnlineAsync(connection, _options.OnlineSince(_clock.GetUtcNow())), cancellationToken);
        }
        catch (Exception e) when (e is P2PShareException or DbException)
        {
            // Requests report that the database is unavailable.
            return Unknown;
        }
    }
}
