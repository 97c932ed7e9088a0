using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Observability;

/// <summary>
/// Exports the metrics: to Prometheus if <c>Tracker:MetricsAddress</c> is set, and to a collector that speaks OTLP if
/// OpenTelemetry's own environment variables name one. Without either nothing is measured.
/// </summary>
internal static class MetricsExport
{
    private static readonly string[] Meters =
    [
        TrackerMeter.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.RateLimiting",
        "System.Runtime", "Npgsql",
    ];

    /// <summary>Whether the configuration asks for metrics.</summary>
    public static bool IsEnabled(WebApplicationBuilder builder, ObservabilityOptions options) =>
        options.GetMetricsEndPoint() is not null || IsPushed(builder);

    public static void AddMetricsExport(this WebApplicationBuilder builder, ObservabilityOptions options)
    {
        if (!IsEnabled(builder, options))
        {
            return;
        }

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource =>
            {
                if (!IsSet(builder, "OTEL_SERVICE_NAME"))
                {
                    resource.AddService("p2pshare-tracker", serviceVersion: ProgramVersion.Text);
                }
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Meters);
                if (options.GetMetricsEndPoint() is not null)
                {
                    metrics.AddPrometheusExporter();
                }

                if (IsPushed(builder))
                {
                    metrics.AddOtlpExporter();
                }
            });
    }

    public static void UseMetrics(this WebApplication app)
    {
        var metrics = app.Services.GetRequiredService<RequestMetrics>();
        app.Use(next => context => metrics.IsEnabled ? CountAsync(next, context, metrics) : next(context));
    }

    private static async Task CountAsync(RequestDelegate next, HttpContext context, RequestMetrics metrics)
    {
        await next(context);
        metrics.AddResponse(context.Request, context.Response.StatusCode);
    }

    private static bool IsPushed(WebApplicationBuilder builder) =>
        IsSet(builder, "OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet(builder, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");

    private static bool IsSet(WebApplicationBuilder builder, string name) => !string.IsNullOrEmpty(builder.Configuration[name]);
}
