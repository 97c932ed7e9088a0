using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Http;

namespace P2PShare.Integration.TrackerHost;

/// <summary>What requests count for against the limits of their rate.</summary>
public sealed class RequestCostTests
{
    private static readonly Hash256 Root = TestUser.RandomHash();

    // The limit, and what is counted: 1 each, a list, or permits by the size of the largest request.
    private static readonly Dictionary<string, string> Table = new()
    {
        ["POST /v2/users"] = "NewUsers 1",
        ["POST /v2/sessions"] = "Logins 1",
        ["GET /.well-known/jwks.json"] = "Requests 1",
        ["GET /healthz"] = "None 1",
        ["GET /readyz"] = "None 1",
        ["GET /openapi/v1.json"] = "Requests 1",
        ["PUT /v2/users/current/password"] = "Logins 1",
        ["DELETE /v2/users/current"] = "Requests 1",
        ["GET /v2/sessions/current"] = "Requests 1",
        ["DELETE /v2/sessions/current"] = "Requests 1",
        ["POST /v2/groups"] = "Requests 1",
        ["GET /v2/groups"] = "Requests 5",
        ["GET /v2/groups/{group}"] = "Requests 1",
        ["DELETE /v2/groups/{group}"] = "Requests 1",
        ["PUT /v2/groups/{group}/owner"] = "Requests 1",
        ["GET /v2/groups/{group}/members"] = "Requests 5",
        ["DELETE /v2/groups/{group}/members/{user}"] = "Requests 1",
        ["PUT /v2/groups/{group}/members/{user}"] = "Requests 1",
        ["PUT /v2/groups/{group}/members/{user}/role"] = "Requests 1",
        ["POST /v2/groups/{group}/requests"] = "Requests 1",
        ["GET /v2/groups/{group}/requests"] = "Requests 5",
        ["POST /v2/groups/{group}/requests/{user}/approval"] = "Requests 1",
        ["DELETE /v2/groups/{group}/requests/{user}"] = "Requests 1",
        ["GET /v2/groups/{group}/files"] = "Requests 5",
        ["POST /v2/groups/{group}/files"] = "Requests 1",
        ["DELETE /v2/groups/{group}/files/{**name}"] = "Requests 1",
        ["POST /v2/groups/{group}/shares"] = "Requests 1 to 33",
        ["POST /v2/groups/{group}/withdrawals"] = "Requests 1 to 63",
        ["POST /v2/groups/{group}/sources"] = "Requests 1 to 17",
        ["GET /v2/groups/{group}/peers"] = "Requests 5",
        ["GET /v2/groups/{group}/versions/{**name}"] = "Requests 1",
        ["POST /v2/peers"] = "Announces 1 to 513",
        ["DELETE /v2/peers/{fingerprint}"] = "Requests 1",
        ["POST /v2/groups/{group}/dial-requests"] = "Dials 1",
        ["GET /v2/peers/{fingerprint}/dials"] = "Requests 1",
        ["GET /v2/events"] = "Requests 1 to 67",
    };

    // The largest of each kind. The groups of an event stream are bounded by the length of a request's first line.
    private static readonly Dictionary<Type, object> Largest = new()
    {
        [typeof(AnnounceRequest)] = new AnnounceRequest(Root, 1, [], Full: false, Holdings(AnnounceRequest.MaxHoldings), Holdings(AnnounceRequest.MaxHoldings), RevocationsAfter: 0),
        [typeof(SourcesRequest)] = new SourcesRequest(Guid.Empty, Root, Root, [.. Enumerable.Repeat(Root, SourcesRequest.MaxContents)]),
        [typeof(ShareFilesRequest)] = new ShareFilesRequest([.. Enumerable.Repeat(new ShareFileRequest("file", 1, 65536, Root), ShareFilesRequest.MaxFiles)]),
        [typeof(WithdrawFilesRequest)] = new WithdrawFilesRequest([.. Enumerable.Repeat("file", WithdrawFilesRequest.MaxNames)]),
        [typeof(WatchRequest)] = new WatchRequest { Group = [.. Enumerable.Repeat("g", 1000)], LastEventId = "1" },
    };

    [Fact]
    public async Task Every_endpoint_counts_as_in_the_table()
    {
        await using var tracker = await TestTracker.StartAsync();
        var costs = tracker.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(endpoint =>
            endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(method => (Name: $"{method} {endpoint.RoutePattern.RawText}", Cost: CostOf(endpoint))));

        Assert.Equal(Table.OrderBy(row => row.Key, StringComparer.Ordinal).Select(row => $"{row.Key}: {row.Value}"), costs.OrderBy(row => row.Name, StringComparer.Ordinal).Select(row => $"{row.Name}: {row.Cost}"));
    }

    [TrackerFact]
    public async Task A_flood_of_the_largest_requests_is_limited_sooner_than_one_of_small_ones()
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.RequestsPerMinute, options.AnnouncesPerMinute) = (60, 60));
        using var small = await TestUser.CreateAsync(tracker, "small");
        using var large = await TestUser.CreateAsync(tracker, "large");
        await small.CreateGroupAsync("one");
        await large.CreateGroupAsync("two");
        await small.ShareAsync("one", "file", Root);
        await large.ShareAsync("two", "file", Root);
        var many = Enumerable.Range(0, SourcesRequest.MaxContents - 1).Select(_ => TestUser.RandomHash()).Append(Root).ToArray();

        var (one, two) = (await small.GroupIdAsync("one"), await large.GroupIdAsync("two"));

        var served = (
            Small: await CountAsync(() => small.PostAsync(TrackerRoutes.Sources("one"), new SourcesRequest(one, Root, Root, [Root]))),
            Large: await CountAsync(() => large.PostAsync(TrackerRoutes.Sources("two"), new SourcesRequest(two, Root, Root, many))));

        // Both have looked up the group and shared a file before: 60 permits less a few, and what came back meanwhile.
        Assert.InRange(served.Small, 50, 75);
        Assert.InRange(served.Large, 2, 5);
        // Also of announces; one that costs more than there is at all passes alone.
        var holdings = new AnnounceRequest(large.Fingerprint, 1, [], Full: true, Holdings(AnnounceRequest.MaxHoldings), [], RevocationsAfter: 0);
        var announced = await CountAsync(() => large.PostAsync(TrackerRoutes.Peers, large.Prove(holdings)));
        Assert.Equal(1, announced);
    }

    [TrackerFact]
    public async Task A_stream_that_repeats_events_counts_as_a_list()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.RequestsPerMinute = 60);
        using var fresh = await TestUser.CreateAsync(tracker, "fresh");
        using var resumed = await TestUser.CreateAsync(tracker, "resumed");

        var served = (Fresh: await CountAsync(() => WatchAsync(fresh, null)), Resumed: await CountAsync(() => WatchAsync(resumed, "0")));

        // 60 permits, and what came back meanwhile.
        Assert.InRange(served.Fresh, 50, 75);
        Assert.InRange(served.Resumed, 10, 16);

        static Task<HttpResponseMessage> WatchAsync(TestUser user, string? after)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.Events);
            if (after is not null)
            {
                request.Headers.Add("Last-Event-ID", after);
            }

            return user.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
    }

    [TrackerFact]
    public async Task A_stream_of_events_of_many_groups_is_opened_with_one_look_up_and_names_the_first_that_is_not_there()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        for (var i = 0; i < 20; i++)
        {
            await alice.CreateGroupAsync($"g{i}");
        }

        var groups = string.Join('&', Enumerable.Range(0, 20).Select(i => $"group=G{i}"));
        using (var open = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"{TrackerRoutes.Events}?{groups}&group=g1"), HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(HttpStatusCode.OK, open.StatusCode);
        }

        var problem = await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await alice.GetAsync($"{TrackerRoutes.Events}?{groups}&group=none&group=%00"));
        Assert.Contains("'none'", problem.Detail, StringComparison.Ordinal);
    }

    private static string CostOf(RouteEndpoint endpoint)
    {
        var limit = endpoint.Metadata.GetMetadata<RateLimits.Counted>()?.Limit ?? RateLimit.Requests;
        return endpoint.Metadata.GetMetadata<RequestCosts.BySize>() is { } size ? $"{limit} 1 to {1 + size.Permits(Largest[size.Parameter])}"
            : endpoint.Metadata.GetMetadata<WorkLimits.SendsList>() is not null ? $"{limit} {1 + RequestCosts.OfList}"
            : $"{limit} 1";
    }

    /// <returns>How many were served before one was refused.</returns>
    private static async Task<int> CountAsync(Func<Task<HttpResponseMessage>> ask)
    {
        for (var served = 0; served < 1000; served++)
        {
            using var answer = await ask();
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Assert.NotNull(answer.Headers.RetryAfter);
                return served;
            }

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        throw new InvalidOperationException("None was refused.");
    }

    private static Announcement[] Holdings(int count) => [.. Enumerable.Range(0, count).Select(_ => new Announcement(Guid.Empty, Root, false))];
}
