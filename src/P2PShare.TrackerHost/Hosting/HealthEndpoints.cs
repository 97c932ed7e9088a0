using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

internal static class HealthEndpoints
{
    /// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: its database does too.</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("").AllowAnonymous().Count(RateLimit.None).WithTags("Health");
        health.MapGet("/healthz", () => TypedResults.Text("ok"));
        health.MapGet("/readyz", IsReadyAsync).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task IsReadyAsync(HttpContext context, TrackerDatabase database, ILoggerFactory loggers)
    {
        try
        {
            await database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM settings"), context.RequestAborted);
            await context.Response.WriteAsync("ok", context.RequestAborted);
        }
        catch (System.Data.Common.DbException e)
        {
            loggers.CreateLogger(typeof(HealthEndpoints)).DatabaseSilent(e);
            await Problems.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, ErrorCode.TrackerFailed, "The tracker's database does not answer.");
        }
    }
}
