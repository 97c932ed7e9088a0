using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;

namespace P2PShare.TrackerHost.Events;

/// <summary>What a stream of events is asked for.</summary>
internal sealed class WatchRequest
{
    [FromQuery(Name = "group")]
    [Description("Names of the groups to watch; none: all of the caller's.")]
    public string[]? Group { get; init; }

    [FromHeader(Name = "Last-Event-ID")]
    [Description("Id of an event: the stream begins with the events after it, up to an hour back.")]
    public string? LastEventId { get; init; }
}
