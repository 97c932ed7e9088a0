using System.Diagnostics.Metrics;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Peers;

/// <summary>The gauge of open streams of requests to dial, and what they passed over.</summary>
internal sealed class DialMetrics
{
    public DialMetrics(IMeterFactory meters, DialStreams streams)
    {
        var meter = meters.Create(TrackerMeter.Name);
        meter.CreateObservableGauge("p2pshare.tracker.dial_streams", () => streams.Count, "{stream}", "Streams of requests to dial of this instance.");
        meter.CreateObservableCounter(
            "p2pshare.tracker.dials_passed_over", () => streams.PassedOver, "{message}", "Requests to dial that this version cannot read: another instance is newer.");
    }
}
