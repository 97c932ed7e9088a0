using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Integration.TrackerHost;

public sealed class MetricsTests
{
    [TrackerFact]
    public async Task Prometheus_reads_what_the_tracker_and_the_framework_count()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.MetricsAddress = "127.0.0.1:0");
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.AnnounceAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{tracker.MetricsPort}") };
        var peers = tracker.Services.GetRequiredService<OnlinePeers>();
        await Eventually.HoldsAsync(() => peers.Count is not null, "the peers online are counted");

        using var answer = await http.GetAsync("/metrics");
        var text = await answer.Content.ReadAsStringAsync();

        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        // Other tests of this process may be counted too.
        Assert.True(ValueOf(text, "p2pshare_tracker_announces_total") >= 1, text);
        Assert.True(ValueOf(text, "p2pshare_tracker_logins_total", "outcome=\"ok\"") >= 1, text);
        Assert.True(ValueOf(text, "p2pshare_tracker_write_batch_size_count") >= 1, text);
        Assert.True(ValueOf(text, "p2pshare_tracker_write_commit_duration_seconds_count") >= 1, text);
        foreach (var name in new[]
        {
            "p2pshare_tracker_peers_online", "p2pshare_tracker_write_waiting", "p2pshare_tracker_database_unavailable", "p2pshare_tracker_database_full", "p2pshare_tracker_event_streams",
            "p2pshare_tracker_events_passed_over_total", "p2pshare_tracker_events_delay_seconds",
            "p2pshare_tracker_dial_streams", "p2pshare_tracker_dials_passed_over_total",
            "p2pshare_tracker_certificate_lifetime_seconds", "http_server_request_duration_seconds_count", "kestrel_active_connections",
            "dotnet_process_memory_working_set_bytes",
        })
        {
            Assert.Contains(name, text, StringComparison.Ordinal);
        }

        Assert.Contains("http_route=\"/v2/peers\"", text, StringComparison.Ordinal);
    }

    [TrackerFact]
    public async Task The_metrics_address_answers_metrics_and_health_and_nothing_else_and_the_public_one_no_metrics()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.MetricsAddress = "127.0.0.1:0");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{tracker.MetricsPort}") };
        using var stranger = TestUser.Stranger(tracker);

        Assert.Equal("ok", await http.GetStringAsync("/healthz"));
        Assert.Equal("ok", await http.GetStringAsync("/readyz"));
        foreach (var path in new[] { TrackerRoutes.TicketKeys, TrackerRoutes.Groups, "/", "/openapi/v1.json" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(path)).StatusCode);
        }

        await stranger.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.InvalidRequest, await stranger.GetAsync("/metrics"));
        // Whatever a client says of the address that it asked.
        using var pretender = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Host = $"127.0.0.1:{tracker.MetricsPort}" } };
        await stranger.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.InvalidRequest, await stranger.SendAsync(pretender));
    }

    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("localhost", 200)]
    [InlineData("[::1]:9464", 200)]
    [InlineData("metrics.internal:9464", 200)]
    public async Task The_metrics_address_does_not_answer_under_a_name_of_others(string host, int status)
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.MetricsAddress, options.MetricsHosts) = ("127.0.0.1:0", "metrics.internal, other"));
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{tracker.MetricsPort}") };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Host = host } };

        Assert.Equal(status, (int)(await http.SendAsync(request)).StatusCode);
    }

    [TrackerFact]
    public async Task Logins_announces_and_what_is_throttled_are_counted_once()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginFailuresPerAccount = 1);
        using var counts = new Counts(tracker.Services.GetRequiredService<IMeterFactory>());
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var stranger = TestUser.Stranger(tracker);

        await alice.AnnounceAsync();
        await alice.AnnounceAsync();
        await alice.Expect(HttpStatusCode.Unauthorized, await stranger.PostAsync(TrackerRoutes.Peers, new AnnounceRequest(alice.Fingerprint, 1, [], true, [], [], RevocationsAfter: 0)));
        await stranger.Expect(HttpStatusCode.Unauthorized, await stranger.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", "wrong password")));
        await stranger.Expect(HttpStatusCode.TooManyRequests, await stranger.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", "wrong password")));

        // The answer is counted after it was sent.
        await Eventually.HoldsAsync(() => counts["p2pshare.tracker.throttled"] == 1, "the throttled login is counted");
        Assert.Equal(2, counts["p2pshare.tracker.announces"]);
        Assert.Equal((1, 1, 1), (counts["p2pshare.tracker.logins ok"], counts["p2pshare.tracker.logins failed"], counts["p2pshare.tracker.logins throttled"]));
    }

    [Fact]
    public async Task A_collector_that_the_environment_names_gets_metrics_traces_and_the_log()
    {
        using var collector = new OtlpCollector();
        using var folder = new TemporaryFolder();
        await using var tracker = await TrackerProcess.StartAsync(folder.Path, collector.Settings);
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        await alice.AnnounceAsync();

        while (!collector.Last("/v1/metrics").Contains("p2pshare.tracker.announces", StringComparison.Ordinal)
            || !collector.Last("/v1/traces").Contains("http.route", StringComparison.Ordinal)
            || collector.Last("/v1/logs").Length == 0)
        {
            await collector.ReceiveAsync();
        }

        Assert.Equal(["/v1/logs", "/v1/metrics", "/v1/traces"], collector.Paths.Order());
        Assert.All(collector.Paths, path => Assert.Contains("p2pshare-tracker", collector.Last(path), StringComparison.Ordinal));
        Assert.Contains("http.server.request.duration", collector.Last("/v1/metrics"), StringComparison.Ordinal);
        Assert.DoesNotContain("alice", collector.Last("/v1/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Traces_and_the_log_are_left_out_where_the_environment_says_so()
    {
        using var collector = new OtlpCollector();
        using var folder = new TemporaryFolder();
        await using var tracker = await TrackerProcess.StartAsync(folder.Path, [.. collector.Settings, "OTEL_TRACES_EXPORTER=none", "OTEL_LOGS_EXPORTER=none"]);
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        await alice.AnnounceAsync();

        while (!collector.Last("/v1/metrics").Contains("p2pshare.tracker.announces", StringComparison.Ordinal))
        {
            await collector.ReceiveAsync();
        }

        // They would come as often as this.
        for (var i = 0; i < 5; i++)
        {
            await collector.ReceiveAsync();
        }

        Assert.Equal("/v1/metrics", Assert.Single(collector.Paths));
    }

    private static double ValueOf(string text, string name, string label = "") => text.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is '{' or ' ' && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.IndexOf("} ", StringComparison.Ordinal) is >= 0 and var end ? end + 2 : name.Length + 1)..].Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>Sums of one tracker's counters, by name and outcome.</summary>
    private sealed class Counts : IDisposable
    {
        private readonly ConcurrentDictionary<string, long> _sums = new();
        private readonly MeterListener _listener = new();

        public Counts(IMeterFactory tracker)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == TrackerMeter.Name && instrument.Meter.Scope == tracker)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
                _sums.AddOrUpdate(tags.Length == 0 ? instrument.Name : $"{instrument.Name} {tags[0].Value}", value, (_, sum) => sum + value));
            _listener.Start();
        }

        public long this[string name] => _sums.GetValueOrDefault(name);

        public void Dispose() => _listener.Dispose();
    }
}
