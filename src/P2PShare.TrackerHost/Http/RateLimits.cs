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

    public static void AddRateLimits(this IServiceCollection services, RateLimitOptions options, AccountOptions accounts) => services.AddRateLimiter(limiter =>
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<HttpContext, Caller>(context => PartitionOf(context, options)),
            PartitionedRateLimiter.Create<HttpContext, RateLimit>(context => TotalOf(context, options)),
            PartitionedRateLimiter.Create<HttpContext, string>(context => QueueOf(context, accounts)));
        limiter.OnRejected = RejectAsync;
    });

    /// <summary>Sets what requests to an endpoint count as.</summary>
    public static TBuilder RequireRateLimiting<TBuilder>(this TBuilder endpoint, RateLimit limit)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Counted(limit));

    // One address cannot fill the queue of passwords for everybody else.
    private static RateLimitPartition<string> QueueOf(HttpContext context, AccountOptions options) =>
        LimitOf(context) is RateLimit.Logins or RateLimit.NewUsers
            ? RateLimitPartition.GetConcurrencyLimiter(
                context.RemoteAddress().Network(), _ => new ConcurrencyLimiterOptions { PermitLimit = Math.Max(1, options.PasswordQueueLength / 2) })
            : RateLimitPartition.GetNoLimiter("");

    // What one user asks other peers to do is bounded for all users together, too: users are cheap.
    private static RateLimitPartition<RateLimit> TotalOf(HttpContext context, RateLimitOptions options) => LimitOf(context) is RateLimit.Dials
        ? RateLimitPartition.GetTokenBucketLimiter(RateLimit.Dials, _ => PerMinute(options.TotalDialRequestsPerMinute))
        : RateLimitPartition.GetNoLimiter(RateLimit.None);

    private static RateLimit LimitOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<Counted>()?.Limit ?? RateLimit.Requests;

    private static RateLimitPartition<Caller> PartitionOf(HttpContext context, RateLimitOptions options)
    {
        var limit = LimitOf(context);
        var caller = limit is RateLimit.Requests or RateLimit.Announces or RateLimit.Dials && context.User.FindFirstValue(ClaimTypes.NameIdentifier) is { } user
            ? new Caller(limit, user, "")
            : new Caller(limit, "", context.RemoteAddress().Network());
        return limit switch
        {
            RateLimit.None => RateLimitPartition.GetNoLimiter(caller),
            RateLimit.Announces => PartitionOf(caller, options.AnnouncesPerMinute),
            RateLimit.Dials => PartitionOf(caller, options.DialRequestsPerMinute),
            RateLimit.Logins => PartitionOf(caller, options.LoginsPerMinute),
            RateLimit.NewUsers => PartitionOf(caller, options.NewUsersPerMinute),
            _ => PartitionOf(caller, options.RequestsPerMinute),
        };
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
        var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) && after > TimeSpan.Zero ? after : TimeSpan.FromSeconds(1);
        var user = context.User.Identity?.Name;
        context.RequestServices.GetRequiredService<Audit>().Throttled(context.RemoteAddress(), "requests", user);
        Problems.SetRetryAfter(context, wait);
        await Problems.WriteAsync(
            context,
            StatusCodes.Status429TooManyRequests,
            ErrorCode.TooManyAttempts,
            $"{(LimitOf(context) is RateLimit.Dials ? "Too many peers are asked to dial" : $"Too many requests came from this {(user is null ? "address" : "user")}")}. Try again in {Math.Ceiling(wait.TotalSeconds)} seconds.");
    }

    internal sealed record Counted(RateLimit Limit);

    /// <param name="User">Id; empty if the address counts.</param>
    private readonly record struct Caller(RateLimit Limit, string User, string Network);
}
