using System.Diagnostics;
using System.Diagnostics.Metrics;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>
/// What one peer server counts and traces for OpenTelemetry and similar listeners, on a meter and an activity source that are both
/// called <see cref="Name"/>. Every measurement carries the server's port, because a process may run several. docs/telemetry.md
/// lists the instruments. Without a listener a count is one comparison.
/// </summary>
/// <param name="port">The port that the peer server listens on.</param>
internal sealed class TransferMetrics(int port)
{
    public const string Name = "P2PShare.Transfer";

    internal static readonly string? Version = typeof(TransferMetrics).Assembly.GetName().Version?.ToString(3);
    private static readonly ActivitySource Activities = new(Name, Version);
    private static readonly Meter Meter = new(Name, Version);

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

    private readonly KeyValuePair<string, object?> _port = new("server.port", port);
    private long _bytesUploaded;
    private long _bytesDownloaded;

    /// <summary>Bytes of pieces sent since the peer server started.</summary>
    public long BytesUploaded => Interlocked.Read(ref _bytesUploaded);

    /// <summary>Verified bytes received since the peer server started.</summary>
    public long BytesDownloaded => Interlocked.Read(ref _bytesDownloaded);

    public void Uploaded(int bytes)
    {
        Interlocked.Add(ref _bytesUploaded, bytes);
        UploadBytes.Add(bytes, _port);
    }

    /// <param name="writing">How long writing it took.</param>
    public void PieceVerified(int bytes, TimeSpan writing)
    {
        Interlocked.Add(ref _bytesDownloaded, bytes);
        DownloadBytes.Add(bytes, _port);
        Pieces.Add(1, _port);
        if (PieceWriteDuration.Enabled)
        {
            PieceWriteDuration.Record(writing.TotalSeconds, _port);
        }
    }

    public void HashFailed() => HashFailures.Add(1, _port);

    public void Connected(bool isDialled) =>
        Connections.Add(1, _port, new KeyValuePair<string, object?>("p2pshare.direction", isDialled ? "out" : "in"));

    /// <param name="reason"><c>full</c>, <c>handshake</c>, <c>hello</c>, <c>version</c>, <c>ticket</c> or <c>protocol</c>.</param>
    public void Refused(string reason) => Refusals.Add(1, _port, new KeyValuePair<string, object?>("p2pshare.reason", reason));

    /// <summary>Begins to trace a dial. Disposing the result ends it.</summary>
    /// <returns>Null without a listener.</returns>
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
    /// <returns>Null without a listener.</returns>
    public Activity? StartDownload(ContentDescription content)
    {
        var activity = Activities.StartActivity("p2pshare.download");
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(_port.Key, _port.Value)
                .SetTag("p2pshare.pieces_root", content.PiecesRoot?.ToString())
                .SetTag("p2pshare.size", content.Size);
        }

        return activity;
    }

    /// <summary>Records how a stretch of a download ended and where its time went.</summary>
    /// <param name="activity">From <see cref="StartDownload"/>; ended by this.</param>
    /// <param name="outcome"><c>complete</c>, <c>suspended</c>, <c>stopped</c> or <c>failed</c>.</param>
    public void DownloadEnded(Activity? activity, string outcome, P2PShareException? error, DownloadTimes times)
    {
        var ending = new KeyValuePair<string, object?>("p2pshare.outcome", outcome);
        DownloadDuration.Record(times.Total.TotalSeconds, _port, ending);
        (string Name, TimeSpan Time)[] parts =
        [
            ("waiting", times.WaitingForSources), ("network", times.Network), ("hashing", times.Hashing), ("disk", times.Disk),
        ];
        foreach (var (name, time) in parts)
        {
            DownloadTime.Record(time.TotalSeconds, _port, ending, new KeyValuePair<string, object?>("p2pshare.part", name));
            activity?.SetTag("p2pshare.time." + name, time.TotalSeconds);
        }

        activity?.SetTag(ending.Key, ending.Value);
        if (error is not null)
        {
            activity?.SetTag("error.type", error.Code).SetStatus(ActivityStatusCode.Error);
        }

        activity?.Dispose();
    }
}
