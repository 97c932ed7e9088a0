using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Http;

namespace P2PShare.Integration.TrackerHost;

public sealed class EndpointTests
{
    [TrackerFact]
    public async Task Every_endpoint_wants_a_session_except_these()
    {
        await using var tracker = await TestTracker.StartAsync();
        var endpoints = tracker.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();

        var open = endpoints
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAuthorizeData>() is null || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            .Select(Describe);

        Assert.Equal(
            [
                "GET /.well-known/jwks.json", "GET /healthz", "GET /openapi/v1.json", "GET /readyz",
                "POST /v2/sessions", "POST /v2/users",
            ],
            open.Order(StringComparer.Ordinal));
        Assert.Equal(36, endpoints.Count);
    }

    [TrackerFact]
    public async Task Every_endpoint_that_sends_a_list_is_limited()
    {
        await using var tracker = await TestTracker.StartAsync();

        var lists = tracker.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>()
                .Any(answer => answer.Type == typeof(SourcesResponse) || answer.Type is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)))
            .ToList();

        Assert.Equal(7, lists.Count);
        // A name has at most eleven versions, as VersionsPerFile is at most ten.
        var unlimited = Assert.Single(lists, endpoint => endpoint.Metadata.GetMetadata<WorkLimits.SendsList>() is null);
        Assert.Equal("GET /v2/groups/{group}/versions/{**name}", Describe(unlimited));
    }

    [TrackerFact]
    public async Task Without_a_session_every_other_endpoint_answers_401_before_it_looks_at_anything()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);
        var endpoints = tracker.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAuthorizeData>() is not null);
        foreach (var endpoint in endpoints)
        {
            var (method, pattern) = (Describe(endpoint).Split(' ')[0], endpoint.RoutePattern);
            var path = string.Join('/', pattern.PathSegments.Select(segment =>
                segment.Parts[0] is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content : "x"));
            using var request = new HttpRequestMessage(new HttpMethod(method), "/" + path);
            if (method is "POST" or "PUT")
            {
                request.Content = new StringContent("not json", System.Text.Encoding.UTF8, "application/json");
            }

            await stranger.ExpectProblem(HttpStatusCode.Unauthorized, P2PShare.Protocol.ErrorCode.NotLoggedIn, await stranger.SendAsync(request));
        }
    }

    [TrackerFact]
    public async Task OpenApi_describes_every_endpoint()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var anybody = TestUser.CreateClient(tracker.Address);

        using var document = JsonDocument.Parse(await anybody.GetStringAsync("/openapi/v1.json"));

        var described = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"))
            .Where(text => text.Contains("/v2/", StringComparison.Ordinal));
        var mapped = tracker.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(Describe)
            .Where(text => text.Contains("/v2/", StringComparison.Ordinal))
            .Select(text => text.Replace("{**name}", "{name}", StringComparison.Ordinal));
        Assert.Equal(mapped.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
        var operations = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject());
        Assert.Equal(30, operations.Count(operation => operation.Value.GetProperty("security").GetArrayLength() == 1));
        // An empty list is what says that no session is needed.
        Assert.Equal(5, operations.Count(operation => operation.Value.GetProperty("security").GetArrayLength() == 0));
        Assert.All(operations, operation => Assert.NotEmpty(operation.Value.GetProperty("summary").GetString()!));
        Assert.Equal(35, operations.Select(operation => operation.Value.GetProperty("operationId").GetString()).Distinct().Count());
        var lists = operations.Where(operation => operation.Value.GetProperty("operationId").GetString()!.StartsWith("list", StringComparison.Ordinal)).ToList();
        Assert.Equal(5, lists.Count);
        Assert.All(lists, list =>
        {
            var size = list.Value.GetProperty("parameters").EnumerateArray().Single(parameter => parameter.GetProperty("name").GetString() == ListQuery.PageSizeParameter);
            Assert.True(size.GetProperty("required").GetBoolean());
            Assert.Equal(("1", "1000"), (size.GetProperty("schema").GetProperty("minimum").GetRawText(), size.GetProperty("schema").GetProperty("maximum").GetRawText()));
            var responses = list.Value.GetProperty("responses");
            Assert.True(responses.GetProperty("200").GetProperty("headers").TryGetProperty("Link", out _));
            Assert.True(responses.GetProperty("304").GetProperty("headers").TryGetProperty("ETag", out _));
        });
        var root = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("Hash256");
        Assert.Equal("string", root.GetProperty("type").GetString());
    }

    [TrackerFact]
    public async Task Health_and_readiness_are_for_everybody()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var anybody = TestUser.CreateClient(tracker.Address);

        Assert.Equal("ok", await anybody.GetStringAsync("/healthz"));
        Assert.Equal("ok", await anybody.GetStringAsync("/readyz"));
    }

    [TrackerFact]
    public async Task Readiness_fails_with_the_database_and_health_does_not()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);
        await tracker.ExecuteAsync("ALTER TABLE settings RENAME TO gone");

        await stranger.ExpectProblem(
            HttpStatusCode.ServiceUnavailable, P2PShare.Protocol.ErrorCode.TrackerFailed, await stranger.GetAsync("/readyz"));
        await stranger.Expect(HttpStatusCode.OK, await stranger.GetAsync("/healthz"));
    }

    [TrackerTheory]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    public async Task It_speaks_HTTP_1_1_and_2(int major, int minor)
    {
        await using var tracker = await TestTracker.StartAsync();
        using var anybody = TestUser.CreateClient(tracker.Address);
        using var request = new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.TicketKeys)
        {
            Version = new Version(major, minor),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using var answer = await anybody.SendAsync(request);

        Assert.Equal((HttpStatusCode.OK, request.Version), (answer.StatusCode, answer.Version));
    }

    private static string Describe(RouteEndpoint endpoint) =>
        $"{endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]} {endpoint.RoutePattern.RawText}";
}
