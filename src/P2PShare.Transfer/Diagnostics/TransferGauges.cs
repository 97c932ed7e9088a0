using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>
/// What OpenTelemetry and similar listeners read of the running peer servers, on the meter of <see cref="TransferMetrics"/>. Costs
/// nothing until it is read.
/// </summary>
internal sealed class TransferGauges : IDisposable
{
    private static readonly Meter Meter = new(TransferMetrics.Name, TransferMetrics.Version);
    private static readonly ConcurrentDictionary<TransferGauges, bool> Running = new();

    private readonly KeyValuePair<string, object?> _port;
    private readonly Readings _readings;
    private readonly UploadSample _uploaded;

    static TransferGauges()
    {
        Gauge("p2pshare.connections.active", "{connection}", "Peers connected.", read => read.Connections());
        Gauge("p2pshare.uploads.active", "{content}", "Contents that peers fetch.", read => read.ActiveUploads());
        Gauge("p2pshare.downloads.active", "{download}", "Downloads that fetch or wait for a source.", read => read.ActiveDownloads());
        Gauge("p2pshare.sources", "{peer}", "Sources connected, over all downloads.", read => read.Sources());
        Gauge("p2pshare.upload.queue", "{block}", "Blocks that peers asked for and that wait to be sent.", read => read.WaitingBlocks());
        Meter.CreateObservableGauge("p2pshare.download.rate", () => Measure(running => running._readings.DownloadRate()), "By/s", "Bytes a second received, over about three seconds.");
        Meter.CreateObservableGauge("p2pshare.upload.rate", () => Measure(running => running._uploaded.Rate(running._readings.BytesUploaded())), "By/s", "Bytes a second sent, since the observation before.");
    }

    public TransferGauges(int port, Readings readings, TimeProvider clock)
    {
        _port = new KeyValuePair<string, object?>("server.port", port);
        _readings = readings;
        _uploaded = new UploadSample(clock);
        Running[this] = true;
    }

    public void Dispose() => Running.TryRemove(this, out _);

    private static void Gauge(string name, string unit, string description, Func<Readings, int> read) =>
        Meter.CreateObservableGauge(name, () => Measure(running => read(running._readings)), unit, description);

    private static IEnumerable<Measurement<T>> Measure<T>(Func<TransferGauges, T> read)
        where T : struct => Running.Keys.Select(running => new Measurement<T>(read(running), running._port));

    /// <summary>How a peer server is read; called on any thread.</summary>
    /// <param name="DownloadRate">Bytes a second.</param>
    internal sealed record Readings(
        Func<int> Connections,
        Func<int> ActiveUploads,
        Func<int> ActiveDownloads,
        Func<int> Sources,
        Func<int> WaitingBlocks,
        Func<double> DownloadRate,
        Func<long> BytesUploaded);

    /// <summary>What had been sent at the reading before, so that sending itself has nothing to keep.</summary>
    private sealed class UploadSample(TimeProvider clock)
    {
        // Of two readings at nearly the same time the second would be noise.
        private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

        private readonly Lock _lock = new();
        private long _time = clock.GetTimestamp();
        private long _bytes;
        private double _rate;

        public double Rate(long bytes)
        {
            lock (_lock)
            {
                var elapsed = clock.GetElapsedTime(_time);
                if (elapsed >= Shortest)
                {
                    _rate = (bytes - _bytes) / elapsed.TotalSeconds;
                    _time = clock.GetTimestamp();
                    _bytes = bytes;
                }

                return _rate;
            }
        }
    }
}
