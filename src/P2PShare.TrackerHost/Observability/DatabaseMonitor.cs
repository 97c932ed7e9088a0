using System.Diagnostics.Metrics;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Observability;

/// <summary>Logs when the database is lost, full or back, and measures its writes.</summary>
internal sealed partial class DatabaseMonitor
{
    // Of a WriteQueue's batches: up to 256 writes, from a flash disk's fraction of a millisecond to a disk that hangs.
    private static readonly InstrumentAdvice<int> BatchSizes = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] };

    private static readonly InstrumentAdvice<double> CommitTimes = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private readonly ILogger<DatabaseMonitor> _logger;

    public DatabaseMonitor(IMeterFactory meters, TrackerDatabase database, ILogger<DatabaseMonitor> logger)
    {
        _logger = logger;
        var meter = meters.Create(TrackerMeter.Name);
        var batchSize = meter.CreateHistogram("p2pshare.tracker.write.batch_size", "{write}", "Writes committed together.", tags: null, BatchSizes);
        var commitTime = meter.CreateHistogram("p2pshare.tracker.write.commit.duration", "s", "A batch of writes, from its begin to the end of its commit.", tags: null, CommitTimes);
        meter.CreateObservableGauge("p2pshare.tracker.write.waiting", () => database.WritesWaiting, "{write}", "Writes that wait for their batch.");
        meter.CreateObservableGauge("p2pshare.tracker.database.unavailable", () => database.IsUnavailable ? 1 : 0, "1", "1 while the database does not answer.");
        meter.CreateObservableGauge("p2pshare.tracker.database.full", () => database.IsFull ? 1 : 0, "1", "1 after a write for which there was no room, until there is.");
        database.Committed += (writes, duration) =>
        {
            batchSize.Record(writes);
            commitTime.Record(duration.TotalSeconds);
        };
        var timeouts = meter.CreateCounter<long>("p2pshare.tracker.database.timeouts", "{statement}", "Statements that took longer than their time-out.");
        database.TimedOut += e =>
        {
            timeouts.Add(1);
            StatementTimedOut(e.Message);
        };
        var conflicts = meter.CreateCounter<long>("p2pshare.tracker.write.conflicts", "{write}", "Writes that lost against others each time.");
        database.Conflicted += e =>
        {
            conflicts.Add(1);
            WriteLost(e.Message);
        };
        meter.CreateObservableCounter("p2pshare.tracker.write.failures", () => database.BatchesFailed, "{batch}", "Batches of writes that were not committed.");
        database.Lost += DatabaseUnavailable;
        database.Recovered += DatabaseRecovered;
        database.Filled += DatabaseFull;
        database.Freed += DatabaseHasRoom;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The database is unavailable; requests are answered with 503 until it is back.")]
    private partial void DatabaseUnavailable(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A statement took longer than its time-out, or waited as long for a lock; its request is answered with 503: {Reason}")]
    private partial void StatementTimedOut(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A write lost against others each time; its request is answered with 503: {Reason}")]
    private partial void WriteLost(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is available again.")]
    private partial void DatabaseRecovered();

    [LoggerMessage(Level = LogLevel.Error, Message = "There is no room for the database: writes are answered with 507 until there is, and reads continue.")]
    private partial void DatabaseFull(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is room for the database again.")]
    private partial void DatabaseHasRoom();
}
