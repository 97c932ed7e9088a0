using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Observability;

/// <summary>
/// Exports the metrics to Prometheus if <c>Tracker:MetricsAddress</c> is set, and metrics, traces and the log to a collector that speaks
/// OTLP if OpenTelemetry's own environment variables name one. Without either nothing is measured.
/// </summary>
internal static class TelemetryExport
{
    private static readonly string[] Meters =
    [
        TrackerMeter.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.RateLimiting",
        "System.Runtime", "Npgsql",
    ];

    /// <summary>Whether the configuration asks for metrics.</summary>
    public static bool HasMetrics(WebApplicationBuilder builder, ObservabilityOptions options) =>
        options.GetMetricsEndPoint() is not null || IsPushed(builder, "METRICS");

    public static void AddTelemetryExport(this WebApplicationBuilder builder, ObservabilityOptions options)
    {
        var hasMetrics = HasMetrics(builder, options);
        var (hasTraces, hasLogs) = (IsPushed(builder, "TRACES"), IsPushed(builder, "LOGS"));
        if (!hasMetrics && !hasTraces && !hasLogs)
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource =>
        {
            if (!IsSet(builder, "OTEL_SERVICE_NAME"))
            {
                resource.AddService("p2pshare-tracker", serviceVersion: ProgramVersion.Text);
            }
        });
        if (hasMetrics)
        {
            telemetry.WithMetrics(metrics =>
            {
                metrics.AddMeter(Meters);
                if (options.GetMetricsEndPoint() is not null)
                {
                    metrics.AddPrometheusExporter();
                }

                if (IsPushed(builder, "METRICS"))
                {
                    metrics.AddOtlpExporter();
                }
            });
        }

        if (hasTraces)
        {
            telemetry.WithTracing(traces => traces.AddAspNetCoreInstrumentation().AddSource("Npgsql").AddOtlpExporter());
        }

        if (hasLogs)
        {
            // The ids of request and connection are in the scopes.
            telemetry.WithLogging(logs => logs.AddOtlpExporter(), log => (log.IncludeScopes, log.IncludeFormattedMessage) = (true, true));
        }
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

    /// <param name="signal">As OpenTelemetry's environment variables name it.</param>
    private static bool IsPushed(WebApplicationBuilder builder, string signal) =>
        builder.Configuration[$"OTEL_{signal}_EXPORTER"] is null or "" or "otlp"
        && (IsSet(builder, "OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet(builder, $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"));

    private static bool IsSet(WebApplicationBuilder builder, string name) => !string.IsNullOrEmpty(builder.Configuration[name]);
}
