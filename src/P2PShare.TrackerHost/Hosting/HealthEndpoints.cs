using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Hosting;

internal static class HealthEndpoints
{
    public const string Alive = "/healthz";
    public const string Ready = "/readyz";

    /// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it can do its work (<see cref="Readiness"/>).</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("").AllowAnonymous().Count(RateLimit.None).WithTags("Health");
        health.MapGet(Alive, () => TypedResults.Text("ok"));
        health.MapGet(Ready, (HttpContext context) => AnswerReadyAsync(context)).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    public static async Task AnswerReadyAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            await context.RequestServices.GetRequiredService<Readiness>().CheckAsync(context.RequestAborted);
            await context.Response.WriteAsync("ok", context.RequestAborted);
        }
        catch (P2PShareException e)
        {
            await Problems.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, e.Code, e.Message);
        }
    }
}
