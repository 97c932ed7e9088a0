using Microsoft.Extensions.Diagnostics.HealthChecks;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Http;

internal static class HealthEndpoints
{
    public const string Alive = "/healthz";
    public const string Ready = "/readyz";

    public static void AddHealth(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RecentFailures>().AddSingleton<ReadinessCheck>().AddHealthChecks().AddCheck<ReadinessCheck>("tracker");
        // It would log each probe that fails; the check itself logs the first.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
    }

    /// <summary>Counts the requests for <see cref="RecentFailures"/>, as they are answered.</summary>
    public static void CountFailures(this WebApplication app)
    {
        var failures = app.Services.GetRequiredService<RecentFailures>();
        app.Use(next => async context =>
        {
            await next(context);
            failures.AddResponse(context.Request, context.Response.StatusCode);
        });
    }

    /// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it can do its work (<see cref="ReadinessCheck"/>).</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("").AllowAnonymous().RequireRateLimiting(RateLimit.None).WithTags("Health");
        health.MapGet(Alive, () => TypedResults.Text("ok"))
            .Describe("isAlive", "Answers as long as the process does.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
        health.MapGet(Ready, (HttpContext context, CancellationToken _) => AnswerReadyAsync(context))
            .Describe("isReady", "Answers 200 if the tracker can do its work.")
            .WithMetadata(new EndpointErrors([ErrorCode.TrackerFailed, ErrorCode.TrackerDatabaseUnavailable, ErrorCode.TrackerDatabaseBusy], StatusCodes.Status503ServiceUnavailable))
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    public static async Task AnswerReadyAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        var report = await context.RequestServices.GetRequiredService<HealthCheckService>().CheckHealthAsync(context.RequestAborted);
        var failed = report.Entries.Values.FirstOrDefault(entry => entry.Status != HealthStatus.Healthy);
        if (report.Status == HealthStatus.Healthy)
        {
            await context.Response.WriteAsync("ok", context.RequestAborted);
        }
        else
        {
            await Problems.WriteAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                (failed.Exception as P2PShareException)?.Code ?? ErrorCode.TrackerFailed,
                failed.Exception is P2PShareException ? failed.Exception.Message : "The tracker is not ready; its log says why.");
        }
    }
}
