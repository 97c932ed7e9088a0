using System.Diagnostics.Metrics;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Observability;

/// <summary>Counts requests by their outcome, beside what ASP.NET Core and Kestrel count. Without a listener it costs next to nothing.</summary>
internal sealed class RequestMetrics
{
    private readonly Counter<long> _announces;
    private readonly Counter<long> _logins;
    private readonly Counter<long> _throttled;

    public RequestMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(TrackerMeter.Name);
        _announces = meter.CreateCounter<long>("p2pshare.tracker.announces", "{announce}", "Announces of peers that were accepted.");
        _logins = meter.CreateCounter<long>("p2pshare.tracker.logins", "{login}", "Logins by p2pshare.outcome: ok, failed or throttled.");
        _throttled = meter.CreateCounter<long>("p2pshare.tracker.throttled", "{request}", "Requests that were answered with 429.");
    }

    public bool IsEnabled => _announces.Enabled || _logins.Enabled || _throttled.Enabled;

    /// <summary>Counts a request by the status of its response.</summary>
    public void AddResponse(HttpRequest request, int status)
    {
        if (status == StatusCodes.Status429TooManyRequests)
        {
            _throttled.Add(1);
        }

        if (!HttpMethods.IsPost(request.Method))
        {
            return;
        }

        if (request.Path.Equals(TrackerRoutes.Peers, StringComparison.OrdinalIgnoreCase))
        {
            if (status == StatusCodes.Status200OK)
            {
                _announces.Add(1);
            }
        }
        else if (request.Path.Equals(TrackerRoutes.Sessions, StringComparison.OrdinalIgnoreCase) && OutcomeOf(status) is { } outcome)
        {
            _logins.Add(1, new KeyValuePair<string, object?>("p2pshare.outcome", outcome));
        }
    }

    private static string? OutcomeOf(int status) => status switch
    {
        StatusCodes.Status201Created => "ok",
        StatusCodes.Status401Unauthorized => "failed",
        StatusCodes.Status429TooManyRequests => "throttled",
        _ => null,
    };
}
