using System.Diagnostics.Metrics;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Events;

/// <summary>The gauge of open streams, and the counter of events that they could not carry.</summary>
internal sealed class EventMetrics
{
    public EventMetrics(IMeterFactory meters, EventFeed feed)
    {
        var meter = meters.Create(TrackerMeter.Name);
        meter.CreateObservableGauge("p2pshare.tracker.event_streams", () => feed.StreamCount, "{stream}", "Event streams of this instance.");
        meter.CreateObservableCounter(
            "p2pshare.tracker.events_passed_over", () => feed.PassedOver, "{event}", "Events of kinds that this version does not know: another instance is newer.");
    }
}
