using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Clients that are slow, silent, greedy or many, with sockets of their own. Each time somebody else is served meanwhile.</summary>
public sealed class ConnectionLimitTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.2");


    [Fact]
    public async Task A_client_that_never_begins_the_TLS_handshake_is_dropped()
    {
        await using var tracker = await StartAsync(options => options.HandshakeTimeout = TimeSpan.FromSeconds(3));
        using var socket = await ConnectAsync(tracker, Elsewhere);
        await ExpectDroppedAsync(tracker, () => ReadToEndAsync(new NetworkStream(socket)));
    }

    [Fact]
    public async Task A_client_that_stops_in_the_middle_of_the_TLS_handshake_is_dropped()
    {
        await using var tracker = await StartAsync(options => options.HandshakeTimeout = TimeSpan.FromSeconds(3));
        using var socket = await ConnectAsync(tracker, Elsewhere);
        // The beginning of a handshake record (RFC 8446, section 5.1) that announces 512 bytes.
        await socket.SendAsync(new byte[] { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01 });
        await ExpectDroppedAsync(tracker, () => ReadToEndAsync(new NetworkStream(socket)));
    }

    [Fact]
    public async Task A_client_that_is_silent_after_the_handshake_is_dropped()
    {
        await using var tracker = await StartAsync(options => options.KeepAliveTimeout = TimeSpan.FromSeconds(1));
        await using var tls = await OpenAsync(tracker);
        await ExpectDroppedAsync(tracker, () => ReadToEndAsync(tls));
    }

    [Fact]
    public async Task A_client_that_is_silent_on_HTTP_2_is_dropped()
    {
        await using var tracker = await StartAsync(options => options.KeepAliveTimeout = TimeSpan.FromSeconds(1));
        await using var tls = await OpenAsync(tracker, SslApplicationProtocol.Http2);
        // The preface and empty settings (RFC 9113, section 3.4).
        await tls.WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0]);
        await ExpectDroppedAsync(tracker, () => ReadToEndAsync(tls));
    }

    [Fact]
    public async Task Headers_that_come_drop_by_drop_are_not_waited_for()
    {
        await using var tracker = await StartAsync(options => options.HeadersTimeout = TimeSpan.FromSeconds(1));
        await using var tls = await OpenAsync(tracker);
        await tls.WriteAsync("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "u8.ToArray());

        var answer = await ExpectDroppedAsync(tracker, () => TrickleAsync(tls));

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_comes_drop_by_drop_is_not_waited_for()
    {
        await using var tracker = await StartAsync(options => options.BodyGrace = TimeSpan.FromSeconds(2));
        await using var tls = await OpenAsync(tracker);
        await tls.WriteAsync("POST /v2/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"u8.ToArray());

        var answer = await ExpectDroppedAsync(tracker, () => TrickleAsync(tls));

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_fast_enough_and_has_no_end_is_not_waited_for()
    {
        await using var tracker = await StartAsync(options => (options.BodyTimeout, options.BodyBytesPerSecond) = (TimeSpan.FromSeconds(2), 1));
        await using var tls = await OpenAsync(tracker);
        await tls.WriteAsync("POST /v2/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\n{"u8.ToArray());

        var answer = await ExpectDroppedAsync(tracker, () => TrickleAsync(tls));

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("came too slowly", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_has_so_many_bytes_of_bodies_under_way_and_others_have_theirs()
    {
        const int Most = 2 * 1024 * 1024;
        await using var tracker = await StartAsync(options => options.BodyBytesPerUser = Most);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        var group = (await alice.CreateGroupAsync("dev")).GroupId;
        var holdings = Enumerable.Range(0, AnnounceRequest.MaxHoldings).Select(_ => new Announcement(group, TestUser.RandomHash(), false)).ToArray();
        await using var tls = await OpenAsync(tracker);
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v2/peers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.Session.Token}\r\nContent-Type: application/json\r\nContent-Length: {Most - 16384}\r\n\r\n{{"));

        await Eventually.HoldsAsync(async () => await AnnounceAsync(alice) == HttpStatusCode.TooManyRequests, "the rest is too little for a large announce");
        Assert.Equal(HttpStatusCode.OK, await AnnounceAsync(bob));
        await alice.AnnounceAsync();

        await tls.DisposeAsync();
        await Eventually.HoldsAsync(async () => await AnnounceAsync(alice) == HttpStatusCode.OK, "there is room again");

        async Task<HttpStatusCode> AnnounceAsync(TestUser user)
        {
            using var answer = await user.PostAsync(TrackerRoutes.Peers, user.Prove(new AnnounceRequest(user.Fingerprint, 1, [], Full: true, holdings, [], RevocationsAfter: 0)));
            return answer.StatusCode;
        }
    }

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {0}\r\n\r\n", 17_000, 431)]
    [InlineData("GET /healthz?{0} HTTP/1.1\r\nHost: x\r\n\r\n", 9_000, 414)]
    [InlineData("POST /v2/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n{0}", 1, 413)]
    [InlineData("POST /v2/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n180000\r\n{0}", 0x180000, 413)]
    public async Task A_body_that_is_too_long_is_not_read(string request, int length, int status)
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var tls = await OpenAsync(tracker);
        var text = string.Format(System.Globalization.CultureInfo.InvariantCulture, request, new string(length > 1_000_000 ? ' ' : 'x', length));

        var answer = await ExpectDroppedAsync(tracker, async () =>
        {
            var writing = SendAsync(tls, Encoding.ASCII.GetBytes(text));
            var read = await ReadSomeAsync(tls);
            await tls.DisposeAsync();
            await writing;
            return read;
        });

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_headers_are_not_read()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var tls = await OpenAsync(tracker);
        var headers = string.Concat(Enumerable.Range(0, 65).Select(i => $"X-{i}: y\r\n"));

        await SendAsync(tls, Encoding.ASCII.GetBytes($"GET /healthz HTTP/1.1\r\nHost: x\r\n{headers}\r\n"));

        Assert.StartsWith("HTTP/1.1 431 ", await ExpectDroppedAsync(tracker, () => ReadSomeAsync(tls)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_has_so_many_connections_and_others_have_theirs()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.ConnectionsPerAddress = 3);
        var open = new List<SslStream>();
        for (var i = 0; i < 3; i++)
        {
            open.Add(await OpenAsync(tracker));
        }

        await ExpectDroppedAsync(tracker, async () => await RefusedAsync(tracker) ? "" : throw new InvalidOperationException("A fourth connection was served."));

        // A place that was left is free again.
        await open[0].DisposeAsync();
        await Eventually.HoldsAsync(async () => !await RefusedAsync(tracker), "the place is free");

        foreach (var tls in open)
        {
            await tls.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_trusted_proxy_opens_as_many_as_it_needs()
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.ConnectionsPerAddress, options.TrustedProxies) = (1, $"192.0.2.1, {Elsewhere}"));
        await using var first = await OpenAsync(tracker);
        await using var second = await OpenAsync(tracker);

        Assert.StartsWith("HTTP/1.1 200 ", await GetHealthAsync(second), StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_are_so_many_connections_altogether()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.Connections = 2);
        await using var first = await OpenAsync(tracker);
        await using var second = await OpenAsync(tracker);

        Assert.True(await RefusedAsync(tracker), "the third is refused");

        Assert.StartsWith("HTTP/1.1 200 ", await GetHealthAsync(second), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thousands_of_half_open_connections_do_not_keep_others_from_being_served()
    {
        const int OfOne = 2000;
        const int OfMany = 2000;
        // Long enough for whoever means well and has to wait for a processor.
        await using var tracker = await StartAsync(options =>
            (options.HandshakeTimeout, options.ConnectionsPerAddress) = (TimeSpan.FromSeconds(5), 100));
        var flood = Enumerable.Range(0, OfOne + OfMany).Select(async i =>
        {
            try
            {
                using var socket = await ConnectAsync(tracker, i < OfOne ? Elsewhere : new IPAddress([127, 1, (byte)(i / 250), (byte)(1 + (i % 250))]));
                // With a first byte, because the system finishes no connection that says nothing while its queue is full.
                await socket.SendAsync(new byte[] { 0x16 });
                await ReadToEndAsync(new NetworkStream(socket)).WaitAsync(Deadline);
            }
            catch (SocketException)
            {
                // Refused before it was there.
            }
        }).ToList();

        var served = 0;
        while (!flood.TrueForAll(task => task.IsCompleted))
        {
            using var client = TestUser.CreateClient(tracker.Address);
            Assert.Equal("ok", await client.GetStringAsync("/healthz").WaitAsync(Deadline));
            served++;
        }

        await Task.WhenAll(flood);
        Assert.True(served > 0);
    }

    /// <summary>With patience for everything but what is tested.</summary>
    private static Task<TestTracker> StartAsync(Action<TestTrackerOptions> configure) => TestTracker.StartAsync(options =>
    {
        options.HandshakeTimeout = options.HeadersTimeout = options.KeepAliveTimeout = options.BodyGrace = TimeSpan.FromMinutes(5);
        configure(options);
    });

    private static async Task<Socket> ConnectAsync(TestTracker tracker, IPAddress from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(IPAddress.Loopback, tracker.Address.Port);
        return socket;
    }

    private static async Task<SslStream> OpenAsync(TestTracker tracker, SslApplicationProtocol? protocol = null)
    {
        var socket = await ConnectAsync(tracker, Elsewhere);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "tracker",
                ApplicationProtocols = protocol is { } one ? [one] : null,
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    certificate is X509Certificate2 shown && CertificateHashes.Fingerprint(shown) == tracker.Address.Fingerprint,
            });
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private static async Task<bool> RefusedAsync(TestTracker tracker)
    {
        try
        {
            await using var tls = await OpenAsync(tracker).WaitAsync(Deadline);
            return false;
        }
        catch (Exception e) when (e is IOException or SocketException or System.Security.Authentication.AuthenticationException)
        {
            return true;
        }
    }

    /// <summary>That the tracker ends it within the deadline, and answers somebody else the whole time.</summary>
    private static async Task<string> ExpectDroppedAsync(TestTracker tracker, Func<Task<string>> attack)
    {
        var attacking = attack().WaitAsync(Deadline);
        using var client = TestUser.CreateClient(tracker.Address);
        do
        {
            Assert.Equal("ok", await client.GetStringAsync("/readyz").WaitAsync(Deadline));
            await Task.WhenAny(attacking, Task.Delay(50));
        }
        while (!attacking.IsCompleted);

        return await attacking;
    }

    /// <summary>Sends one byte after the other until the tracker answers or ends it.</summary>
    private static async Task<string> TrickleAsync(SslStream tls)
    {
        var reading = ReadToEndAsync(tls);
        while (!reading.IsCompleted)
        {
            await SendAsync(tls, " "u8.ToArray());
            await Task.WhenAny(reading, Task.Delay(100));
        }

        return await reading;
    }

    // It may be closed for writing already.
    private static async Task SendAsync(Stream stream, byte[] bytes)
    {
        try
        {
            await stream.WriteAsync(bytes);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // What was answered tells more.
        }
    }

    private static async Task<string> GetHealthAsync(SslStream tls)
    {
        await tls.WriteAsync("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        return await ReadSomeAsync(tls);
    }

    private static async Task<string> ReadSomeAsync(Stream stream)
    {
        var buffer = new byte[4096];
        return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer).AsTask().WaitAsync(Deadline));
    }

    private static async Task<string> ReadToEndAsync(Stream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer) is > 0 and var length)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, length));
            }
        }
        catch (IOException)
        {
            // Cut: the end as well.
        }

        return text.ToString();
    }
}
