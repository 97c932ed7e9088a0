using System.Security.Claims;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// How often one user, or one address, can call: N times in a minute, all of them at once if need be. Each instance counts
/// for itself, in memory; wrong passwords are counted for all instances in the database.
/// </summary>
internal static class RateLimits
{
    private const int SecondsOfMinute = 60;

    public static void AddRateLimits(this IServiceCollection services, RateLimitOptions options) => services.AddRateLimiter(limiter =>
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<HttpContext, Caller>(context => PartitionOf(context, options)),
            PartitionedRateLimiter.Create<HttpContext, RateLimit>(context => TotalOf(context, options)));
        limiter.OnRejected = RejectAsync;
    });

    /// <summary>Sets what requests to an endpoint count as.</summary>
    public static TBuilder RequireRateLimiting<TBuilder>(this TBuilder endpoint, RateLimit limit)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Counted(limit));

    // What one user asks other peers to do is bounded for all users together, too: users are cheap.
    private static RateLimitPartition<RateLimit> TotalOf(HttpContext context, RateLimitOptions options) => LimitOf(context) is RateLimit.Dials
        ? RateLimitPartition.GetTokenBucketLimiter(RateLimit.Dials, _ => PerMinute(options.TotalDialRequestsPerMinute))
        : RateLimitPartition.GetNoLimiter(RateLimit.None);

    /// <summary>How many permits the caller of a request may have at once.</summary>
    public static int MostOf(HttpContext context, RateLimitOptions options) => LimitOf(context) switch
    {
        RateLimit.Announces => options.AnnouncesPerMinute,
        RateLimit.Dials => options.DialRequestsPerMinute,
        RateLimit.Logins => options.LoginsPerMinute,
        RateLimit.NewUsers => options.NewUsersPerMinute,
        _ => options.RequestsPerMinute,
    };

    private static RateLimit LimitOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<Counted>()?.Limit ?? RateLimit.Requests;

    private static RateLimitPartition<Caller> PartitionOf(HttpContext context, RateLimitOptions options)
    {
        var limit = LimitOf(context);
        var caller = limit is RateLimit.Requests or RateLimit.Announces or RateLimit.Dials && context.User.FindFirstValue(ClaimTypes.NameIdentifier) is { } user
            ? new Caller(limit, user, "")
            : new Caller(limit, "", context.RemoteAddress().Network());
        return limit is RateLimit.None ? RateLimitPartition.GetNoLimiter(caller) : PartitionOf(caller, MostOf(context, options));
    }

    private static RateLimitPartition<Caller> PartitionOf(Caller caller, int perMinute) =>
        RateLimitPartition.GetTokenBucketLimiter(caller, _ => PerMinute(perMinute));

    /// <summary>N at once, and N replenished in a minute: a small N one at a time, a large N some about each second.</summary>
    internal static TokenBucketRateLimiterOptions PerMinute(int count)
    {
        var tokens = Math.Max(1, count / SecondsOfMinute);
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = count,
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)SecondsOfMinute * tokens / count),
        };
    }

    private static async ValueTask RejectAsync(OnRejectedContext rejected, CancellationToken cancellationToken)
    {
        var context = rejected.HttpContext;
        context.RequestServices.GetRequiredService<Audit>().Throttled(context.RemoteAddress(), "requests", context.User.Identity?.Name);
        var exceeded = Exceeded(context, rejected.Lease);
        Problems.SetRetryAfter(context, exceeded.RetryAfter);
        await Problems.WriteAsync(context, StatusCodes.Status429TooManyRequests, exceeded.Code, exceeded.Message);
    }

    /// <param name="lease">That was not acquired.</param>
    public static TooManyAttemptsException Exceeded(HttpContext context, RateLimitLease lease)
    {
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) && after > TimeSpan.Zero ? after : TimeSpan.FromSeconds(1);
        var what = LimitOf(context) is RateLimit.Dials ? "Too many peers are asked to dial" : $"Too many requests came from this {(context.User.Identity?.Name is null ? "address" : "user")}";
        return new TooManyAttemptsException($"{what}. Try again in {Math.Ceiling(wait.TotalSeconds)} seconds.", wait);
    }

    internal sealed record Counted(RateLimit Limit);

    /// <param name="User">Id; empty if the address counts.</param>
    private readonly record struct Caller(RateLimit Limit, string User, string Network);
}
