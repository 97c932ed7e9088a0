using System.Security.Claims;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Features;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// What requests may cost of memory at the same time: the bytes of bodies, for each user and altogether, and the lists that are being sent
/// to one user. A request beyond it waits its turn, at most as long as a body may take; it costs no more than its connection until then.
/// </summary>
internal sealed class WorkLimits(ConnectionOptions options, TimeProvider clock, Audit audit) : IDisposable
{
    private const string AllCallers = "";
    private const string Lists = "lists";
    private const string Bodies = "bodies";

    // Bytes that a body without a length takes at a time.
    private const int Step = 16 * 1024;

    // Of lists for each that is sent: a thousand machines with one account may begin at the same time.
    private const int WaitingLists = 1000;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly PartitionedRateLimiter<string> _lists = PartitionedRateLimiter.Create<string, string>(
        user => RateLimitPartition.GetConcurrencyLimiter(user, _ => new ConcurrencyLimiterOptions { PermitLimit = options.ListsPerUser, QueueLimit = WaitingLists }));

    private readonly PartitionedRateLimiter<string> _bodies = PartitionedRateLimiter.Create<string, string>(
        caller => RateLimitPartition.GetConcurrencyLimiter(caller, _ => Bytes(caller == AllCallers ? options.TotalBodyBytes : options.BodyBytesPerUser)));

    /// <summary>Limits a request; to be called once its caller and its endpoint are known.</summary>
    public async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        var hasBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        var sendsList = context.GetEndpoint()?.Metadata.GetMetadata<SendsList>() is not null;
        if (!hasBody && !sendsList)
        {
            await next(context);
            return;
        }

        var caller = context.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? $"address {context.RemoteAddress().Network()}";
        using var list = sendsList ? await AcquireAsync(context, _lists, caller, 1) : null;
        if (list is { IsAcquired: false })
        {
            await RejectAsync(context, Lists);
            return;
        }

        if (!hasBody)
        {
            await next(context);
            return;
        }

        // A body that names no length takes more as it is read.
        var most = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? ConnectionLimits.MaxRequestBody;
        var bytes = (int)Math.Min(context.Request.ContentLength ?? Step, most);
        using var own = await AcquireAsync(context, _bodies, caller, bytes);
        using var all = own.IsAcquired ? await AcquireAsync(context, _bodies, AllCallers, bytes) : own;
        if (!all.IsAcquired)
        {
            await RejectAsync(context, Bodies);
            return;
        }

        using var more = new LeaseList();
        await using var body = new TimedBody(
            context.Request.Body, options.BodyTimeout, clock, total => TakeMore(context, caller, more, total - bytes), context.RequestAborted);
        context.Request.Body = body;
        await next(context);
    }

    public void Dispose()
    {
        _lists.Dispose();
        _bodies.Dispose();
    }

    /// <param name="missing">Bytes that were read beyond those taken at first.</param>
    /// <exception cref="TooManyAttemptsException">There is no room for more.</exception>
    private void TakeMore(HttpContext context, string caller, LeaseList taken, long missing)
    {
        while (taken.Bytes < missing)
        {
            if (!taken.TryAdd(_bodies.AttemptAcquire(caller, Step)) || !taken.TryAdd(_bodies.AttemptAcquire(AllCallers, Step)))
            {
                audit.Throttled(context.RemoteAddress(), Bodies, context.User.Identity?.Name);
                throw new TooManyAttemptsException(Excess(Bodies), RetryAfter);
            }

            taken.Bytes += Step;
        }
    }

    private static string Excess(string what) =>
        $"The tracker works on as many {(what == Lists ? "lists for this user" : "bytes of requests")} as it may at once. Try again in {RetryAfter.TotalSeconds} second.";

    private static ConcurrencyLimiterOptions Bytes(int count) => new() { PermitLimit = count, QueueLimit = count };

    /// <returns>Not acquired if too many wait already, or it waited too long.</returns>
    private async Task<RateLimitLease> AcquireAsync(HttpContext context, PartitionedRateLimiter<string> limiter, string caller, int permits)
    {
        var lease = limiter.AttemptAcquire(caller, permits);
        if (lease.IsAcquired)
        {
            return lease;
        }

        using var timer = new CancellationTokenSource(options.BodyTimeout, clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, context.RequestAborted);
        try
        {
            return await limiter.AcquireAsync(caller, permits, ended.Token);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested)
        {
            return lease;
        }
    }

    private Task RejectAsync(HttpContext context, string what)
    {
        audit.Throttled(context.RemoteAddress(), what, context.User.Identity?.Name);
        Problems.SetRetryAfter(context, RetryAfter);
        return Problems.WriteAsync(
            context,
            StatusCodes.Status429TooManyRequests,
            ErrorCode.TooManyAttempts,
            Excess(what));
    }

    private sealed class LeaseList : IDisposable
    {
        private readonly List<RateLimitLease> _leases = [];

        public long Bytes { get; set; }

        /// <returns>Whether it is acquired.</returns>
        public bool TryAdd(RateLimitLease lease)
        {
            _leases.Add(lease);
            return lease.IsAcquired;
        }

        public void Dispose() => _leases.ForEach(lease => lease.Dispose());
    }

    /// <summary>Metadata of an endpoint whose answer grows with what the tracker has.</summary>
    internal sealed record SendsList;
}
