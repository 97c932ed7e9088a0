using System.Net;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>The log and the metrics.</summary>
internal sealed class ObservabilityOptions
{
    /// <summary>
    /// <c>address:port</c> of a separate listener, plain HTTP, for <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>; null: no such listener.
    /// </summary>
    [EndPointSetting]
    public string? MetricsAddress { get; set; }

    /// <summary>How a line of the log is written.</summary>
    public LogFormat LogFormat { get; set; }

    /// <summary><see cref="MetricsAddress"/>, parsed; null without the setting.</summary>
    public IPEndPoint? GetMetricsEndPoint() => string.IsNullOrEmpty(MetricsAddress) ? null : IPEndPoint.Parse(MetricsAddress);
}
