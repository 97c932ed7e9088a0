using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// How often one user, or one address, may ask: so many in a minute, all of them at once if need be. Each instance counts
/// for itself, in memory; wrong passwords are counted for all in the database (<see cref="LoginThrottle"/>).
/// </summary>
internal static class RateLimits
{
    private const int SecondsOfMinute = 60;

    public static void AddRateLimits(this IServiceCollection services, TrackerOptions options) => services.AddRateLimiter(limiter =>
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<HttpContext, Who>(context => PartitionOf(context, options)),
            PartitionedRateLimiter.Create<HttpContext, string>(context => WaitingOf(context, options)));
        limiter.OnRejected = RefuseAsync;
    });

    /// <summary>Says what requests to an endpoint count as.</summary>
    public static TBuilder Count<TBuilder>(this TBuilder endpoint, RateLimit limit)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Counted(limit));

    // Who has one address cannot fill the queue of passwords for everybody else.
    private static RateLimitPartition<string> WaitingOf(HttpContext context, TrackerOptions options) =>
        LimitOf(context) is RateLimit.Logins or RateLimit.NewUsers
            ? RateLimitPartition.GetConcurrencyLimiter(
                context.RemoteAddress().Network(), _ => new ConcurrencyLimiterOptions { PermitLimit = Math.Max(1, options.PasswordQueueLength / 2) })
            : RateLimitPartition.GetNoLimiter("");

    private static RateLimit LimitOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<Counted>()?.Limit ?? RateLimit.Requests;

    private static RateLimitPartition<Who> PartitionOf(HttpContext context, TrackerOptions options)
    {
        var limit = LimitOf(context);
        var who = limit is RateLimit.Requests or RateLimit.Announces && context.Features.Get<CurrentUser>() is { } user
            ? new Who(limit, user.Id, "")
            : new Who(limit, 0, context.RemoteAddress().Network());
        return limit switch
        {
            RateLimit.None => RateLimitPartition.GetNoLimiter(who),
            RateLimit.Announces => PartitionOf(who, options.AnnouncesPerMinute),
            RateLimit.Logins => PartitionOf(who, options.LoginsPerMinute),
            RateLimit.NewUsers => PartitionOf(who, options.NewUsersPerMinute),
            _ => PartitionOf(who, options.RequestsPerMinute),
        };
    }

    private static RateLimitPartition<Who> PartitionOf(Who who, int perMinute) =>
        RateLimitPartition.GetTokenBucketLimiter(who, _ => PerMinute(perMinute));

    /// <summary>So many at once, and so many come back in a minute: of few one now and then, of many some about each second.</summary>
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

    private static async ValueTask RefuseAsync(OnRejectedContext rejected, CancellationToken cancellationToken)
    {
        var context = rejected.HttpContext;
        var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) && after > TimeSpan.Zero ? after : TimeSpan.FromSeconds(1);
        var user = context.Features.Get<CurrentUser>();
        context.RequestServices.GetRequiredService<Audit>().Throttled(context.RemoteAddress(), "requests", user?.Name);
        Problems.RetryAfter(context, wait);
        await Problems.WriteAsync(
            context,
            StatusCodes.Status429TooManyRequests,
            ErrorCode.TooManyAttempts,
            $"Too many requests came from this {(user is null ? "address" : "user")}. Try again in {Math.Ceiling(wait.TotalSeconds)} seconds.");
    }

    private sealed record Counted(RateLimit Limit);

    /// <param name="User">Id; 0 where an address counts.</param>
    private readonly record struct Who(RateLimit Limit, long User, string Network);
}
