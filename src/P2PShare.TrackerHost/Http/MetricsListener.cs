using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// <c>/metrics</c> on a listener of its own, so that the port that is open to the Internet has no metrics. Plain
/// HTTP: the collector is on this machine or in a network of the operator's, and nothing else is answered here.
/// </summary>
internal static class MetricsListener
{
    public const string Path = "/metrics";

    public static void ListenForMetrics(this KestrelServerOptions kestrel, ObservabilityOptions options)
    {
        if (options.GetMetricsEndPoint() is { } endPoint)
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

    /// <summary>To be called first: requests on this listener go nowhere else.</summary>
    public static void UseMetricsListener(this WebApplication app, ObservabilityOptions options)
    {
        if (options.GetMetricsEndPoint() is null)
        {
            return;
        }

        var hosts = ListSetting.Split(options.MetricsHosts).Append("localhost").Append(Environment.MachineName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        app.MapWhen(context => context.Features.Get<Mark>() is not null, listener =>
        {
            // A browser always names one.
            listener.Use(next => context => !context.Request.Host.HasValue || IPAddress.TryParse(context.Request.Host.Host, out _) || hosts.Contains(context.Request.Host.Host)
                ? next(context)
                : Problems.WriteAsync(
                    context,
                    StatusCodes.Status421MisdirectedRequest,
                    ErrorCode.InvalidRequest,
                    $"This listener does not answer under the name in the request: use its address, or set {TrackerSettings.Section}:{nameof(ObservabilityOptions.MetricsHosts)}."));
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

    /// <summary>On the connections of this listener, whatever address a request claims.</summary>
    private sealed class Mark;
}
