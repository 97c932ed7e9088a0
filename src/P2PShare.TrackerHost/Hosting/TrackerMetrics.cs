using System.Diagnostics.Metrics;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>What the tracker counts beside what ASP.NET Core, Kestrel and the runtime count. While nobody listens it costs next to nothing.</summary>
internal sealed class TrackerMetrics
{
    public const string MeterName = "P2PShare.Tracker";

    // Of a WriteQueue's batches: up to 256 writes, from a flash disk's fraction of a millisecond to a disk that hangs.
    private static readonly InstrumentAdvice<int> BatchSizes = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] };

    private static readonly InstrumentAdvice<double> CommitTimes = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private readonly Counter<long> _announces;
    private readonly Counter<long> _logins;
    private readonly Counter<long> _throttled;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _commitTime;

    public TrackerMetrics(
        IMeterFactory meters, TrackerDatabase database, EventFeed feed, OnlinePeers peers, ServingCertificate certificate, TimeProvider clock)
    {
        var meter = meters.Create(MeterName);
        _announces = meter.CreateCounter<long>("p2pshare.tracker.announces", "{announce}", "Announces of peers that were taken.");
        _logins = meter.CreateCounter<long>("p2pshare.tracker.logins", "{login}", "Logins by p2pshare.outcome: ok, failed or throttled.");
        _throttled = meter.CreateCounter<long>("p2pshare.tracker.throttled", "{request}", "Requests that were answered with 429.");
        _batchSize = meter.CreateHistogram("p2pshare.tracker.write.batch_size", "{write}", "Writes committed together.", tags: null, BatchSizes);
        _commitTime = meter.CreateHistogram("p2pshare.tracker.write.commit.duration", "s", "A batch of writes, from its begin to the end of its commit.", tags: null, CommitTimes);
        meter.CreateObservableGauge("p2pshare.tracker.write.waiting", () => database.WritesWaiting, "{write}", "Writes that wait for their batch.");
        meter.CreateObservableGauge("p2pshare.tracker.database.away", () => database.IsAwayNow ? 1 : 0, "1", "1 while the database does not answer.");
        meter.CreateObservableGauge("p2pshare.tracker.database.full", () => database.IsFullNow ? 1 : 0, "1", "1 after a write for which there was no room, until there is.");
        meter.CreateObservableGauge("p2pshare.tracker.event_streams", () => feed.StreamCount, "{stream}", "Event streams of this instance.");
        // Not an old number: none while the database does not say.
        meter.CreateObservableGauge<long>(
            "p2pshare.tracker.peers.online", () => peers.Count is { } count ? [new Measurement<long>(count)] : [], "{peer}", "Peers online, of all instances.");
        meter.CreateObservableGauge(
            "p2pshare.tracker.certificate.lifetime", () => (certificate.Expires - clock.GetUtcNow()).TotalSeconds, "s", "Time until the certificate expires.");
    }

    public bool IsListenedTo => _announces.Enabled || _logins.Enabled || _throttled.Enabled;

    public void AddBatch(int writes, TimeSpan duration)
    {
        _batchSize.Record(writes);
        _commitTime.Record(duration.TotalSeconds);
    }

    /// <summary>Counts a request by how it was answered.</summary>
    public void AddAnswer(HttpRequest request, int status)
    {
        if (status == StatusCodes.Status429TooManyRequests)
        {
            _throttled.Add(1);
        }

        if (!HttpMethods.IsPost(request.Method))
        {
            return;
        }

        if (request.Path.Equals(TrackerRoutes.Peers, StringComparison.OrdinalIgnoreCase))
        {
            if (status == StatusCodes.Status200OK)
            {
                _announces.Add(1);
            }
        }
        else if (request.Path.Equals(TrackerRoutes.Sessions, StringComparison.OrdinalIgnoreCase) && OutcomeOf(status) is { } outcome)
        {
            _logins.Add(1, new KeyValuePair<string, object?>("p2pshare.outcome", outcome));
        }
    }

    private static string? OutcomeOf(int status) => status switch
    {
        StatusCodes.Status201Created => "ok",
        StatusCodes.Status401Unauthorized => "failed",
        StatusCodes.Status429TooManyRequests => "throttled",
        _ => null,
    };
}
