using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// What requests count for beyond the one permit that each takes before its body is read: a large one costs the tracker as much as many small ones.
/// </summary>
internal static class RequestCosts
{
    /// <summary>Permits of a list beyond the first, whatever it has.</summary>
    public const int OfList = 4;

    /// <summary>Sets what a request to an endpoint counts for.</summary>
    /// <param name="permits">Permits beyond the first, for what the request asks.</param>
    /// <typeparam name="TRequest">Type of the parameter that has what is counted; null counts for nothing.</typeparam>
    public static RouteHandlerBuilder Charge<TRequest>(this RouteHandlerBuilder endpoint, Func<TRequest, int> permits)
        where TRequest : class => endpoint
        .WithMetadata(new BySize(typeof(TRequest), request => permits((TRequest)request)))
        .AddEndpointFilter(async (context, next) =>
        {
            if (context.Arguments.OfType<TRequest>().FirstOrDefault() is { } request)
            {
                Take(context.HttpContext, permits(request));
            }

            return await next(context);
        });

    /// <summary>Charges lists that have no cost of their own.</summary>
    public static void UseListCosts(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var metadata = context.GetEndpoint()?.Metadata;
        if (metadata?.GetMetadata<WorkLimits.SendsList>() is not null && metadata.GetMetadata<BySize>() is null)
        {
            Take(context, OfList);
        }

        return next(context);
    });

    /// <exception cref="TooManyAttemptsException">The caller has not as many left.</exception>
    private static void Take(HttpContext context, int permits)
    {
        var services = context.RequestServices;
        // A request that costs more than a caller has at all takes all of it: the first permit was taken before.
        permits = Math.Min(permits, RateLimits.MostOf(context, services.GetRequiredService<RateLimitOptions>()) - 1);
        if (permits <= 0)
        {
            return;
        }

        using var lease = services.GetRequiredService<IOptions<RateLimiterOptions>>().Value.GlobalLimiter!.AttemptAcquire(context, permits);
        if (!lease.IsAcquired)
        {
            services.GetRequiredService<Audit>().Throttled(context.RemoteAddress(), "requests", context.User.Identity?.Name);
            throw RateLimits.Exceeded(context, lease);
        }
    }

    /// <summary>Metadata of an endpoint whose requests cost by their size.</summary>
    /// <param name="Parameter">Its type.</param>
    internal sealed record BySize(Type Parameter, Func<object, int> Permits);
}
