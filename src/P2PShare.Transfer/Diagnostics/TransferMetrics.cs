using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>
/// What one peer server tells OpenTelemetry and its like, on a meter and an activity source that are both called
/// <see cref="Name"/>. Every measurement carries the server's port, because a process may run several. docs/telemetry.md
/// lists the instruments. Without a listener a count is one comparison; what can be asked for is not counted at all.
/// </summary>
internal sealed class TransferMetrics : IDisposable
{
    public const string Name = "P2PShare.Transfer";

    private static readonly string? Version = typeof(TransferMetrics).Assembly.GetName().Version?.ToString(3);
    private static readonly ActivitySource Activities = new(Name, Version);
    private static readonly Meter Meter = new(Name, Version);
    private static readonly ConcurrentDictionary<TransferMetrics, bool> Running = new();

    private static readonly InstrumentAdvice<double> Durations = new() { HistogramBucketBoundaries = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200] };
    private static readonly InstrumentAdvice<double> ShortDurations = new()
    {
        HistogramBucketBoundaries = [0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    };

    private static readonly Counter<long> UploadBytes = Meter.CreateCounter<long>("p2pshare.upload.bytes", "By", "Bytes of pieces sent to other peers.");
    private static readonly Counter<long> DownloadBytes = Meter.CreateCounter<long>("p2pshare.download.bytes", "By", "Bytes received whose hash was right.");
    private static readonly Counter<long> Pieces = Meter.CreateCounter<long>("p2pshare.pieces.verified", "{piece}", "Pieces received whose hash was right.");
    private static readonly Counter<long> HashFailures = Meter.CreateCounter<long>("p2pshare.hash.failures", "{piece}", "Pieces received whose hash was wrong.");
    private static readonly Counter<long> Connections = Meter.CreateCounter<long>("p2pshare.connections.opened", "{connection}", "Connections whose handshake succeeded.");
    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>("p2pshare.connections.refused", "{connection}", "Connections that this side refused or dropped.");
    private static readonly Histogram<double> DownloadDuration = Meter.CreateHistogram("p2pshare.download.duration", "s", "How long a download took, from its start or resume.", null, Durations);
    private static readonly Histogram<double> DownloadTime = Meter.CreateHistogram("p2pshare.download.time", "s", "What a download spent its time with.", null, Durations);
    private static readonly Histogram<double> PieceWriteDuration = Meter.CreateHistogram("p2pshare.piece.write.duration", "s", "How long writing a piece took.", null, ShortDurations);

    private readonly PeerServer _server;
    private readonly KeyValuePair<string, object?> _port;
    private readonly UploadSample _uploaded = new();

    static TransferMetrics()
    {
        Gauge("p2pshare.connections.active", "{connection}", "Peers connected.", server => server.GetStatus().Connections);
        Gauge("p2pshare.uploads.active", "{content}", "Contents that peers fetch.", server => server.GetStatus().ActiveUploads);
        Gauge("p2pshare.downloads.active", "{download}", "Downloads that fetch or wait for a source.", server => server.ActiveDownloads);
        Gauge("p2pshare.sources", "{peer}", "Sources connected, over all downloads.", server => server.ConnectedSources);
        Gauge("p2pshare.upload.queue", "{block}", "Blocks that peers asked for and that wait to be sent.", server => server.WaitingBlocks);
        Meter.CreateObservableGauge("p2pshare.download.rate", () => Measure(running => running._server.DownloadRate), "By/s", "Bytes a second received, over about three seconds.");
        Meter.CreateObservableGauge("p2pshare.upload.rate", () => Measure(running => running._uploaded.Rate(running._server.GetStatus().BytesUploaded)), "By/s", "Bytes a second sent, since the observation before.");
    }

    public TransferMetrics(PeerServer server)
    {
        _server = server;
        _port = new KeyValuePair<string, object?>("server.port", server.Port);
        Running[this] = true;
    }

    public void Uploaded(int bytes) => UploadBytes.Add(bytes, _port);

    /// <param name="writing">When writing it began, in <see cref="DownloadTimings.Now"/>.</param>
    public void PieceVerified(int bytes, long writing)
    {
        DownloadBytes.Add(bytes, _port);
        Pieces.Add(1, _port);
        if (PieceWriteDuration.Enabled)
        {
            PieceWriteDuration.Record(Stopwatch.GetElapsedTime(writing).TotalSeconds, _port);
        }
    }

    public void HashFailed() => HashFailures.Add(1, _port);

    public void Connected(bool isDialled) =>
        Connections.Add(1, _port, new KeyValuePair<string, object?>("p2pshare.direction", isDialled ? "out" : "in"));

    /// <param name="reason"><c>full</c>, <c>handshake</c>, <c>ticket</c> or <c>protocol</c>.</param>
    public void Refused(string reason) => Refusals.Add(1, _port, new KeyValuePair<string, object?>("p2pshare.reason", reason));

    /// <summary>Begins to trace a dial. Disposing the result ends it.</summary>
    /// <returns>Null where nobody listens.</returns>
    public Activity? StartDial(Hash256 fingerprint)
    {
        var activity = Activities.StartActivity("p2pshare.dial", ActivityKind.Client);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(_port.Key, _port.Value).SetTag("p2pshare.peer.fingerprint", fingerprint.ToString());
        }

        return activity;
    }

    /// <summary>Begins to trace a stretch of a download. Names of files and groups are left out: they may be secrets.</summary>
    /// <returns>Null where nobody listens.</returns>
    public Activity? StartDownload(DownloadRequest request)
    {
        var activity = Activities.StartActivity("p2pshare.download");
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(_port.Key, _port.Value)
                .SetTag("p2pshare.pieces_root", request.Content.PiecesRoot?.ToString())
                .SetTag("p2pshare.size", request.Content.Size);
        }

        return activity;
    }

    /// <summary>Says how a stretch of a download ended and where its time went.</summary>
    /// <param name="activity">From <see cref="StartDownload"/>; ended by this.</param>
    public void DownloadEnded(Activity? activity, DownloadState state, P2PShareException? error, DownloadTimes times)
    {
        var outcome = new KeyValuePair<string, object?>("p2pshare.outcome", Describe(state));
        DownloadDuration.Record(times.Total.TotalSeconds, _port, outcome);
        (string Name, TimeSpan Time)[] parts =
        [
            ("waiting", times.WaitingForSources), ("network", times.Network), ("hashing", times.Hashing), ("disk", times.Disk),
        ];
        foreach (var (name, time) in parts)
        {
            DownloadTime.Record(time.TotalSeconds, _port, outcome, new KeyValuePair<string, object?>("p2pshare.part", name));
            activity?.SetTag("p2pshare.time." + name, time.TotalSeconds);
        }

        activity?.SetTag(outcome.Key, outcome.Value);
        if (error is not null)
        {
            activity?.SetTag("error.type", error.Code).SetStatus(ActivityStatusCode.Error);
        }

        activity?.Dispose();
    }

    public void Dispose() => Running.TryRemove(this, out _);

    private static string Describe(DownloadState state) => state switch
    {
        DownloadState.Complete => "complete",
        DownloadState.Suspended => "suspended",
        DownloadState.Stopped => "stopped",
        _ => "failed",
    };

    private static void Gauge(string name, string unit, string description, Func<PeerServer, int> read) =>
        Meter.CreateObservableGauge(name, () => Measure(running => read(running._server)), unit, description);

    private static IEnumerable<Measurement<T>> Measure<T>(Func<TransferMetrics, T> read)
        where T : struct => Running.Keys.Select(running => new Measurement<T>(read(running), running._port));

    /// <summary>What had been sent when somebody last asked, so that sending itself has nothing to keep.</summary>
    private sealed class UploadSample
    {
        // Of two who ask at nearly the same time the second would see noise.
        private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

        private readonly Lock _lock = new();
        private long _time = Stopwatch.GetTimestamp();
        private long _bytes;
        private double _rate;

        public double Rate(long bytes)
        {
            lock (_lock)
            {
                var elapsed = Stopwatch.GetElapsedTime(_time);
                if (elapsed >= Shortest)
                {
                    _rate = (bytes - _bytes) / elapsed.TotalSeconds;
                    _time = Stopwatch.GetTimestamp();
                    _bytes = bytes;
                }

                return _rate;
            }
        }
    }
}
