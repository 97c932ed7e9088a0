using System.Diagnostics.Metrics;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Peers;

/// <summary>The gauge of open streams of requests to dial.</summary>
internal sealed class DialMetrics
{
    public DialMetrics(IMeterFactory meters, DialStreams streams) => meters.Create(TrackerMeter.Name).CreateObservableGauge(
        "p2pshare.tracker.dial_streams", () => streams.Count, "{stream}", "Streams of requests to dial of this instance.");
}
