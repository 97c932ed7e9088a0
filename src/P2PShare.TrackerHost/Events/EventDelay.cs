using System.Data.Common;
using System.Diagnostics.Metrics;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Events;

/// <summary>
/// Measures each minute how long events that were committed have been held back. On PostgreSQL readers stop below the oldest writing transaction of the tracker's instances: one that
/// does not end holds back the events and revocations of all groups, and no request fails meanwhile.
/// </summary>
internal sealed partial class EventDelay : BackgroundService
{
    /// <summary>A longer one is worth a warning. A transaction ends after ten seconds without a statement.</summary>
    public static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly TrackerDatabase _database;
    private readonly TimeProvider _clock;
    private readonly ILogger<EventDelay> _logger;
    private volatile Measured _last = new(TimeSpan.Zero);

    public EventDelay(IMeterFactory meters, TrackerDatabase database, TimeProvider clock, ILogger<EventDelay> logger)
    {
        (_database, _clock, _logger) = (database, clock, logger);
        meters.Create(TrackerMeter.Name).CreateObservableGauge(
            "p2pshare.tracker.events.delay", () => _last.Delay.TotalSeconds, "s", "Age of the oldest event that is committed and held back from its readers.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        do
        {
            try
            {
                var oldest = await _database.ReadAsync(EventStore.FindOldestHeldBackAsync, stoppingToken);
                var delay = oldest is { } time ? _clock.GetUtcNow() - time : TimeSpan.Zero;
                if (delay > Noticeable)
                {
                    EventsAreHeldBack(Math.Round(delay.TotalSeconds));
                }

                // Seconds are counted from below, and clocks differ.
                _last = new Measured(delay > TimeSpan.Zero ? delay : TimeSpan.Zero);
            }
            catch (Exception e) when (e is P2PShareException or DbException)
            {
                // Requests report that the database is unavailable.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Events and revocations have been held back for {Seconds} seconds by a transaction of the tracker that does not end. See pg_stat_activity for the oldest xact_start.")]
    private partial void EventsAreHeldBack(double seconds);

    private sealed record Measured(TimeSpan Delay);
}
