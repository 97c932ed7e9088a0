using System.Data.Common;
using System.Diagnostics.Metrics;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Observability;

/// <summary>Measures each minute how far this machine's clock is from the database's, and warns.</summary>
internal sealed partial class ClockWatch : BackgroundService
{
    /// <summary>A clock that is further off is worth a warning.</summary>
    public static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(5);

    /// <summary>With a clock that is further off an instance is not ready.</summary>
    public static readonly TimeSpan Unusable = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly DatabaseTime _time;
    private readonly TrackerDatabase _database;
    private readonly ILogger<ClockWatch> _logger;

    public ClockWatch(IMeterFactory meters, DatabaseTime time, TrackerDatabase database, ILogger<ClockWatch> logger)
    {
        (_time, _database, _logger) = (time, database, logger);
        meters.Create(TrackerMeter.Name).CreateObservableGauge(
            "p2pshare.tracker.clock_skew", () => time.Skew.TotalSeconds, "s", "How far this machine's clock is ahead of the database's.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        do
        {
            try
            {
                await _time.MeasureAsync(_database, stoppingToken);
                if (_time.Skew.Duration() > Noticeable)
                {
                    ClockIsWrong(Math.Round(_time.Skew.Duration().TotalSeconds, 1), _time.Skew > TimeSpan.Zero ? "ahead of" : "behind");
                }
            }
            catch (Exception e) when (e is P2PShareException or DbException)
            {
                // Requests report that the database is unavailable.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "This machine's clock is {Seconds} seconds {Direction} the database's, whose time is used. Check NTP on both.")]
    private partial void ClockIsWrong(double seconds, string direction);
}
