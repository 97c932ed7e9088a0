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

    /// <summary>
    /// Names under which collectors reach <see cref="MetricsAddress"/>, beside its addresses, <c>localhost</c> and this machine's name. A request to
    /// another name is refused: a web page in a browser on this machine could make a name of its own lead here (DNS rebinding).
    /// </summary>
    [HostNamesSetting]
    public string? MetricsHosts { get; set; }

    /// <summary>How a line of the log is written.</summary>
    public LogFormat LogFormat { get; set; }

    /// <summary><see cref="MetricsAddress"/>, parsed; null without the setting.</summary>
    public IPEndPoint? GetMetricsEndPoint() => string.IsNullOrEmpty(MetricsAddress) ? null : IPEndPoint.Parse(MetricsAddress);
}
