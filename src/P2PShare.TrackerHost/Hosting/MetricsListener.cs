using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// <c>/metrics</c> on a listener of its own, so that what is open to the Internet never tells how the tracker fares. Plain
/// HTTP: what collects metrics is on this machine or in a network of the operator's, and nothing else is answered here.
/// </summary>
internal static class MetricsListener
{
    public const string Path = "/metrics";

    /// <summary>Null where there is no setting.</summary>
    public static IPEndPoint? EndPoint(TrackerOptions options) =>
        string.IsNullOrEmpty(options.MetricsAddress) ? null : IPEndPoint.Parse(options.MetricsAddress);

    public static IEnumerable<string> FindProblems(TrackerOptions options)
    {
        var text = options.MetricsAddress;
        // Without a port it would be 0: a free one, which nobody would find.
        if (!string.IsNullOrEmpty(text) && !(IPEndPoint.TryParse(text, out var endPoint) && text.EndsWith($":{endPoint.Port}", StringComparison.Ordinal)))
        {
            yield return $"{TrackerOptions.Section}:{nameof(TrackerOptions.MetricsAddress)} is '{PrintableCharacter.Clean(text)}': an IP address and a port were expected, such as 127.0.0.1:9464.";
        }
    }

    public static void ListenForMetrics(this KestrelServerOptions kestrel, TrackerOptions options)
    {
        if (EndPoint(options) is { } endPoint)
        {
            kestrel.Listen(endPoint, listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.Use(next => connection =>
                {
                    connection.Features.Set(new Mark());
                    return next(connection);
                });
            });
        }
    }

    /// <summary>To be called first: what arrives on this listener goes nowhere else.</summary>
    public static void UseMetricsListener(this WebApplication app, TrackerOptions options)
    {
        if (EndPoint(options) is null)
        {
            return;
        }

        app.MapWhen(context => context.Features.Get<Mark>() is not null, listener =>
        {
            listener.UseOpenTelemetryPrometheusScrapingEndpoint(Path);
            listener.Map(HealthEndpoints.Alive, alive => alive.Run(context => context.Response.WriteAsync("ok", context.RequestAborted)));
            listener.Map(HealthEndpoints.Ready, ready => ready.Run(HealthEndpoints.AnswerReadyAsync));
            listener.Run(context => Problems.WriteAsync(
                context,
                StatusCodes.Status404NotFound,
                ErrorCode.InvalidRequest,
                $"Only {Path}, {HealthEndpoints.Alive} and {HealthEndpoints.Ready} are answered at this address: the tracker itself speaks HTTPS on its own port."));
        });
    }

    /// <summary>On the connections of this listener, whatever a request on them says of itself.</summary>
    private sealed class Mark;
}
