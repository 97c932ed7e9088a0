using System.Net;
using System.Text.Json;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Ids with which an operator finds the request of a client's report in the log.</summary>
public sealed class RequestIdTests : IAsyncLifetime
{
    private const string Header = "X-Request-Id";
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

    private readonly TemporaryFolder _folder = new();
    private TrackerProcess _tracker = null!;
    private TestUser _stranger = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TrackerProcess.StartAsync(
            _folder.Path, "--Tracker:LogFormat=json", "--Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics=Information");
        _stranger = TestUser.Stranger(_tracker.Address);
    }

    public async Task DisposeAsync()
    {
        _stranger.Dispose();
        await _tracker.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(TrackerRoutes.TicketKeys, HttpStatusCode.OK)]
    [InlineData(TrackerRoutes.Groups, HttpStatusCode.Unauthorized)]
    [InlineData("/nothing", HttpStatusCode.NotFound)]
    public async Task The_id_of_a_request_is_in_its_answer_and_in_the_log(string path, HttpStatusCode status)
    {
        var response = await SendAsync(path, Header, "job-42:a.b_c");

        Assert.Equal((status, "job-42:a.b_c"), (response.StatusCode, Assert.Single(response.Headers.GetValues(Header))));
        if (status != HttpStatusCode.OK)
        {
            Assert.Equal("job-42:a.b_c", (await ReadProblemAsync(response)).RequestId);
        }

        await Eventually.HoldsAsync(() => HasScope("RequestId", "job-42:a.b_c"), "the log has the id");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("two words")]
    [InlineData("(red)")]
    [InlineData("129 characters")]
    public async Task A_request_without_an_id_that_can_be_logged_gets_one_of_its_own(string? id)
    {
        id = id == "129 characters" ? new string('a', 129) : id;

        var response = await SendAsync("/nothing", Header, id);

        var own = Assert.Single(response.Headers.GetValues(Header));
        Assert.NotEqual(id, own);
        Assert.Equal(own, (await ReadProblemAsync(response)).RequestId);
        await Eventually.HoldsAsync(() => HasScope("RequestId", own), "the log has the id");
    }

    [Fact]
    public async Task A_body_that_cannot_be_read_is_answered_with_the_id_too()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, TrackerRoutes.Sessions) { Content = new StringContent("{", null, "application/json") };
        request.Headers.Add(Header, "broken");

        var response = await _stranger.SendAsync(request);

        Assert.Equal((HttpStatusCode.BadRequest, "broken"), (response.StatusCode, Assert.Single(response.Headers.GetValues(Header))));
        Assert.Equal("broken", (await ReadProblemAsync(response)).RequestId);
    }

    [Fact]
    public async Task A_trace_is_continued()
    {
        var response = await SendAsync(TrackerRoutes.TicketKeys, "traceparent", $"00-{TraceId}-00f067aa0ba902b7-01");

        var answered = Assert.Single(response.Headers.GetValues("traceparent")).Split('-');
        Assert.Equal(TraceId, answered[1]);
        Assert.NotEqual("00f067aa0ba902b7", answered[2]);
        await Eventually.HoldsAsync(() => HasScope("TraceId", TraceId), "the log has the trace");
        Assert.True(HasScope("SpanId", answered[2]));
    }

    private Task<HttpResponseMessage> SendAsync(string path, string header, string? value)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (value is not null)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(header, value));
        }

        return _stranger.SendAsync(request);
    }

    private static async Task<ProblemResponse> ReadProblemAsync(HttpResponseMessage response) =>
        JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), TrackerJson.Default.ProblemResponse)!;

    private bool HasScope(string name, string value) => _tracker.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(line => JsonDocument.Parse(line).RootElement.GetProperty("Scopes").EnumerateArray())
        .Any(scope => scope.ValueKind == JsonValueKind.Object && scope.TryGetProperty(name, out var found) && found.GetString() == value);
}
