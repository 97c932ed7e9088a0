using System.Diagnostics;
using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class ProxyTests
{
    [TrackerTheory]
    [InlineData(null, "203.0.113.5", "127.0.0.1")]
    [InlineData("10.0.0.0/8, 192.0.2.7", "203.0.113.5", "127.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.5", "203.0.113.5")]
    [InlineData("10.0.0.0/8,127.0.0.0/8", "203.0.113.5", "203.0.113.5")]
    // What stands before the last one that is no proxy of ours, its client has said.
    [InlineData("127.0.0.1", "198.51.100.1, 203.0.113.5", "203.0.113.5")]
    [InlineData("127.0.0.1, 10.0.0.0/8", "198.51.100.1, 203.0.113.5, 10.1.2.3", "203.0.113.5")]
    [InlineData("127.0.0.1", "2001:db8::7", "2001:db8::7")]
    [InlineData("127.0.0.1", "nonsense", "127.0.0.1")]
    public async Task A_peer_has_the_address_that_a_trusted_proxy_saw_and_no_other(string? trusted, string forwarded, string expected)
    {
        await using var tracker = await TestTracker.StartAsync(options => options.TrustedProxies = trusted);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        var root = TestUser.RandomHash();
        await alice.CreateGroupAsync("dev");
        await alice.ShareAsync("dev", "a", root);

        using var request = new HttpRequestMessage(HttpMethod.Post, TrackerRoutes.Peers)
        {
            Content = new ByteArrayContent(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
                alice.Prove(new AnnounceRequest(alice.Fingerprint, 5000, [], true, [await alice.HoldingAsync("dev", root, complete: true)], [], RevocationsAfter: 0)), TrackerJson.Default.AnnounceRequest))
            {
                Headers = { ContentType = new("application/json") },
            },
            Headers = { { "X-Forwarded-For", forwarded } },
        };
        await alice.Expect(HttpStatusCode.OK, await alice.SendAsync(request));

        var peer = Assert.Single(await alice.Expect<IReadOnlyList<PeerResponse>>(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.GroupPeers("dev"))));
        Assert.Equal([new IPEndPoint(IPAddress.Parse(expected), 5000).ToString()], peer.EndPoints);
    }

    [TrackerTheory]
    [InlineData("127.0.0.1", HttpStatusCode.Created)]
    [InlineData(null, HttpStatusCode.TooManyRequests)]
    public async Task Wrong_passwords_count_for_the_address_behind_the_proxy(string? trusted, HttpStatusCode ofAnother)
    {
        await using var tracker = await TestTracker.StartAsync(options =>
        {
            options.TrustedProxies = trusted;
            options.LoginFailuresPerAccount = 1;
        });
        using var alice = await TestUser.CreateAsync(tracker, "alice");

        await alice.Expect(HttpStatusCode.Unauthorized, await LogInAsync(alice, "wrong password", "203.0.113.5"));

        await alice.Expect(HttpStatusCode.TooManyRequests, await LogInAsync(alice, TestPassword.Text, "203.0.113.5"));
        await alice.Expect(ofAnother, await LogInAsync(alice, TestPassword.Text, "203.0.113.6"));
    }

    [Fact]
    public async Task A_trusted_proxy_can_have_more_connections_than_a_client()
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.TrustedProxies, options.ConnectionsPerAddress) = ("127.0.0.1", 1));
        using var first = TestUser.CreateClient(tracker.Address);
        using var second = TestUser.CreateClient(tracker.Address);

        Assert.Equal("ok", await first.GetStringAsync("/healthz"));
        Assert.Equal("ok", await second.GetStringAsync("/healthz"));
    }

    [NginxFact]
    public async Task Behind_nginx_all_is_as_before_it_and_events_come_at_once()
    {
        using var folder = new TemporaryFolder();
        await using var tracker = await TestTracker.StartAsync(options => options.TrustedProxies = "127.0.0.1");
        using var authority = new TestAuthority();
        using var certificate = authority.Issue();
        var port = LoopbackPort.FindFree();
        await File.WriteAllTextAsync(folder.Combine("nginx.pem"), authority.Chain(certificate));
        await File.WriteAllTextAsync(folder.Combine("nginx.key"), TestAuthority.Key(certificate));
        // The certificate without its key, as an operator would copy it.
        using (var own = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile(Path.Combine(tracker.DataPath, "tracker-certificate.pem")))
        {
            await File.WriteAllTextAsync(folder.Combine("tracker.crt"), own.ExportCertificatePem());
        }

        var site = (await File.ReadAllTextAsync(Repository.Combine("deploy", "nginx.conf")))
            .Replace("listen 443", $"listen 127.0.0.1:{port}", StringComparison.Ordinal)
            .Replace("127.0.0.1:8001", tracker.Address.Authority, StringComparison.Ordinal)
            .Replace("/etc/nginx/tracker.example.pem", folder.Combine("nginx.pem"), StringComparison.Ordinal)
            .Replace("/etc/nginx/tracker.example.key", folder.Combine("nginx.key"), StringComparison.Ordinal)
            .Replace("/etc/nginx/p2pshare-tracker.crt", folder.Combine("tracker.crt"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder.Combine("nginx.conf"), $$"""
            daemon off;
            master_process off;
            pid {{folder.Combine("pid")}};
            error_log stderr warn;
            events {}
            http {
                access_log off;
                client_body_temp_path {{folder.Combine("body")}};
                proxy_temp_path {{folder.Combine("proxy")}};
                fastcgi_temp_path {{folder.Combine("fastcgi")}};
                uwsgi_temp_path {{folder.Combine("uwsgi")}};
                scgi_temp_path {{folder.Combine("scgi")}};
            {{site}}
            }
            """);
        using var nginx = Process.Start(new ProcessStartInfo(NginxFactAttribute.Program!, ["-c", folder.Combine("nginx.conf"), "-e", "stderr"]) { RedirectStandardError = true })!;
        var errors = nginx.StandardError.ReadToEndAsync();
        try
        {
            var proxy = new TrackerAddress("127.0.0.1", port, CertificateHashes.Fingerprint(certificate));
            using var probe = TestUser.CreateClient(proxy);
            await Eventually.HoldsAsync(() => nginx.HasExited || Answers(probe), "nginx answers");
            Assert.False(nginx.HasExited, nginx.HasExited ? await errors : "");

            using var alice = await TestUser.CreateAsync(proxy, "alice");
            using var watch = new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.Events);
            using var stream = await alice.SendAsync(watch, HttpCompletionOption.ResponseHeadersRead);
            await alice.Expect(HttpStatusCode.OK, stream);
            using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync());
            await ReadUntilAsync(lines, "Ready");
            await alice.CreateGroupAsync("dev");
            using var bob = await TestUser.CreateAsync(proxy, "bob");
            await bob.Expect(HttpStatusCode.Created, await bob.PostAsync(TrackerRoutes.JoinRequests("dev")));
            // The stream is open: what comes now, nobody buffered until its end.
            await ReadUntilAsync(lines, "bob");

            // Its own word about where it comes from ends at nginx.
            var root = TestUser.RandomHash();
            await alice.ShareAsync("dev", "a/b c", root);
            await alice.AnnounceAsync(("dev", root, true));
            var file = Assert.Single(await alice.ListFilesAsync("dev"));
            Assert.Equal((1, "a/b c"), (file.Sources, file.Name));
        }
        finally
        {
            nginx.Kill();
            await nginx.WaitForExitAsync();
        }
    }

    private static bool Answers(HttpClient client)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
            return client.Send(request).IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or NotSupportedException)
        {
            return false;
        }
    }

    private static async Task ReadUntilAsync(StreamReader lines, string part)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await lines.ReadLineAsync(deadline.Token) is { } line)
        {
            if (line.Contains(part, StringComparison.OrdinalIgnoreCase))
            {
                return;
            }
        }

        Assert.Fail($"The stream ended before '{part}' came.");
    }

    private static Task<HttpResponseMessage> LogInAsync(TestUser user, string password, string forwarded) => user.SendAsync(new HttpRequestMessage(HttpMethod.Post, TrackerRoutes.Sessions)
    {
        Content = new ByteArrayContent(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new LoginRequest(user.Name, password), TrackerJson.Default.LoginRequest))
        {
            Headers = { ContentType = new("application/json") },
        },
        Headers = { { "X-Forwarded-For", forwarded } },
    });
}
