using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// Hands the metrics to whoever wants them: Prometheus, where <c>Tracker:MetricsAddress</c> is set, and a collector that
/// speaks OTLP, where OpenTelemetry's own environment variables name one. Without either nothing is measured.
/// </summary>
internal static class MetricsExport
{
    private static readonly string[] Meters =
    [
        TrackerMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.RateLimiting",
        "System.Runtime", "Npgsql",
    ];

    public static void AddMetricsExport(this WebApplicationBuilder builder, TrackerOptions options)
    {
        builder.Services.AddSingleton<OnlinePeers>().AddSingleton<TrackerMetrics>();
        var scraped = MetricsListener.EndPoint(options) is not null;
        var pushed = IsSet(builder, "OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet(builder, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
        if (!scraped && !pushed)
        {
            return;
        }

        builder.Services.AddHostedService(services => services.GetRequiredService<OnlinePeers>());
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
                if (scraped)
                {
                    metrics.AddPrometheusExporter();
                }

                if (pushed)
                {
                    metrics.AddOtlpExporter();
                }
            });
    }

    public static void UseMetrics(this WebApplication app)
    {
        var metrics = app.Services.GetRequiredService<TrackerMetrics>();
        app.Use(next => context => metrics.IsListenedTo ? CountAsync(next, context, metrics) : next(context));
    }

    private static async Task CountAsync(RequestDelegate next, HttpContext context, TrackerMetrics metrics)
    {
        await next(context);
        metrics.AddAnswer(context.Request, context.Response.StatusCode);
    }

    private static bool IsSet(WebApplicationBuilder builder, string name) => !string.IsNullOrEmpty(builder.Configuration[name]);
}
