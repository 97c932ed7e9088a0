using System.Globalization;
using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.Unit.TrackerHost;

public sealed class WorkLimitsTests : IDisposable
{
    private const int Mebibyte = 1024 * 1024;

    private readonly PauseClock _clock = new();
    private readonly Audit _audit = new(NullLoggerFactory.Instance);
    private readonly ConnectionOptions _options = new() { ListsPerUser = 2, BodyBytesPerUser = 2 * Mebibyte, TotalBodyBytes = 3 * Mebibyte, BodyTimeout = TimeSpan.FromSeconds(60) };
    private readonly WorkLimits _limits;
    private readonly ServiceProvider _services;

    public WorkLimitsTests()
    {
        _limits = new WorkLimits(_options, _clock, _audit);
        var services = new ServiceCollection();
        services.AddLogging().AddProblems();
        _services = services.BuildServiceProvider();
    }

    public void Dispose()
    {
        _limits.Dispose();
        _services.Dispose();
        _audit.Dispose();
    }

    [Fact]
    public async Task A_user_receives_so_many_lists_at_once_and_further_ones_wait()
    {
        var (first, second) = (Start(List("alice")), Start(List("alice")));
        await first.Began;
        await second.Began;

        var third = Start(List("alice"));
        await Start(List("bob")).Began;
        await Start(Other("alice")).Began;
        Assert.False(third.Began.IsCompleted);

        first.End.SetResult();
        await third.Began;
    }

    [Fact]
    public async Task A_list_that_waits_too_long_is_answered_429()
    {
        var (first, second) = (Start(List("alice")), Start(List("alice")));
        await first.Began;
        await second.Began;
        var third = List("alice");

        var waiting = Start(third);
        _clock.Advance(_options.BodyTimeout);
        await waiting.Done;

        Assert.False(waiting.Began.IsCompleted);
        Assert.Equal((429, "1"), (third.Response.StatusCode, third.Response.Headers.RetryAfter.ToString()));
    }

    [Fact]
    public async Task The_bodies_of_a_user_have_so_many_bytes_at_once_and_those_of_all_together_too()
    {
        var first = Start(Body("alice", 2 * Mebibyte));
        await first.Began;

        var second = Start(Body("alice", 1));
        var other = Start(Body("bob", Mebibyte));
        await other.Began;
        var third = Start(Body("carol", 1));
        Assert.False(second.Began.IsCompleted || third.Began.IsCompleted);

        first.End.SetResult();
        await second.Began;
        await third.Began;
    }

    [Fact]
    public async Task Of_bodies_that_wait_there_are_so_many_and_more_are_answered_429_at_once()
    {
        await Start(Body("alice", 2 * Mebibyte)).Began;
        _ = Start(Body("alice", 2 * Mebibyte));

        var refused = Body("alice", 1);
        await Start(refused).Done;

        Assert.Equal(429, refused.Response.StatusCode);
        await Start(Body("bob", 1)).Began;
    }

    [Fact]
    public async Task A_body_without_a_length_counts_as_it_is_read()
    {
        await Start(Body("alice", Mebibyte)).Began;
        var endless = Body("alice", null, new byte[2 * Mebibyte]);
        var read = 0;

        var error = await Assert.ThrowsAsync<TooManyAttemptsException>(() => _limits.RunAsync(endless, async context =>
        {
            var buffer = new byte[4096];
            while (await context.Request.Body.ReadAsync(buffer) is > 0 and var count)
            {
                read += count;
            }
        }));

        Assert.True(error.RetryAfter > TimeSpan.Zero);
        Assert.Equal(Mebibyte, read);
        // What it took is free again.
        await Start(Body("alice", Mebibyte)).Began;
    }

    [Fact]
    public async Task A_body_that_takes_too_long_is_cut_with_408()
    {
        using var drip = new Drip();
        var reading = _limits.RunAsync(Body("alice", 100, drip), async context =>
        {
            while (await context.Request.Body.ReadAsync(new byte[1]) > 0)
            {
                _clock.Advance(TimeSpan.FromSeconds(7));
            }
        });

        var error = await Assert.ThrowsAsync<BadHttpRequestException>(() => reading);

        Assert.Equal(408, error.StatusCode);
        Assert.Equal(9, drip.Sent);
    }

    private static HttpContext Named(HttpContext context, string user)
    {
        context.Connection.RemoteIpAddress = IPAddress.Loopback;
        context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "test"));
        return context;
    }

    private HttpContext Other(string user) => Named(new DefaultHttpContext { RequestServices = _services }, user);

    private HttpContext List(string user)
    {
        var context = Other(user);
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(new WorkLimits.SendsList()), null));
        return context;
    }

    private HttpContext Body(string user, int? length, byte[]? content = null) => Body(user, length, new MemoryStream(content ?? []));

    private HttpContext Body(string user, int? length, Stream body)
    {
        var context = Other(user);
        context.Features.Set<IHttpRequestBodyDetectionFeature>(new HasBody());
        context.Features.Set<IHttpMaxRequestBodySizeFeature>(new MaxBody());
        context.Request.Headers.ContentLength = length;
        context.Request.Body = body;
        return context;
    }

    private Running Start(HttpContext context)
    {
        var (began, end) = (new TaskCompletionSource(), new TaskCompletionSource());
        var done = _limits.RunAsync(context, async _ =>
        {
            began.SetResult();
            await end.Task;
        });
        return new Running(began.Task, end, done);
    }

    private sealed record Running(Task Began, TaskCompletionSource End, Task Done);

    private sealed class HasBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }

    private sealed class MaxBody : IHttpMaxRequestBodySizeFeature
    {
        public bool IsReadOnly => true;

        public long? MaxRequestBodySize { get; set; } = 2 * Mebibyte;
    }

    /// <summary>A byte at each read; as long as it is not cut.</summary>
    private sealed class Drip : MemoryStream
    {
        public int Sent { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Sent++;
            return ValueTask.FromResult(1);
        }
    }
}
