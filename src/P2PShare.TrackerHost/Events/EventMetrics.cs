using System.Diagnostics.Metrics;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Events;

/// <summary>The gauge of open streams.</summary>
internal sealed class EventMetrics
{
    public EventMetrics(IMeterFactory meters, EventFeed feed) => meters.Create(TrackerMeter.Name).CreateObservableGauge(
        "p2pshare.tracker.event_streams", () => feed.StreamCount, "{stream}", "Event streams of this instance.");
}
