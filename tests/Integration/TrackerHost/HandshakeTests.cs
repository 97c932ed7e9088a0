using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.TrackerHost.Http;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Many connections at once, whose TLS handshakes are worked on a few at a time.</summary>
public sealed class HandshakeTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.2");

    // The type of a handshake record, and no more (RFC 8446, section 5.1).
    private static readonly byte[] FirstByte = [0x16];

    [Fact]
    public async Task All_of_a_herd_are_served_although_few_handshakes_are_worked_on_at_once()
    {
        await using var tracker = await StartAsync(8);

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(async i =>
        {
            using var client = TestUser.CreateClient(tracker.Address, new IPAddress([127, 0, 1, (byte)(1 + (i % 100))]));
            return await client.GetStringAsync("/healthz").WaitAsync(Deadline);
        }));

        Assert.All(answers, answer => Assert.Equal("ok", answer));
        Assert.Equal(0, Handshakes(tracker).Waiting);
        await Eventually.HoldsAsync(() => Handshakes(tracker).Open == 0, "all are closed");
    }

    [Fact]
    public async Task Connections_that_send_nothing_hold_no_place()
    {
        await using var tracker = await StartAsync(1);
        var silent = await ConnectManyAsync(tracker, 50);

        Assert.Equal(0, Handshakes(tracker).Waiting);
        await ServeAsync(tracker);

        silent.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task One_address_does_not_starve_another_with_handshakes_that_it_never_ends()
    {
        const int Attackers = 200;
        await using var tracker = await StartAsync(1);
        var attack = await ConnectManyAsync(tracker, Attackers, FirstByte);
        await Eventually.HoldsAsync(() => Handshakes(tracker).Waiting > Attackers * 3 / 4, "the attacker waits");

        await ServeAsync(tracker);

        // First come, first served would have let all of them pass before.
        Assert.InRange(Handshakes(tracker).Waiting, Attackers / 2, Attackers);
        attack.ForEach(socket => socket.Dispose());
        await Eventually.HoldsAsync(() => Handshakes(tracker).Waiting == 0, "those that are gone wait no longer");
    }

    [Fact]
    public async Task Beyond_the_queue_connections_are_closed_and_another_address_still_has_a_place()
    {
        await using var tracker = await StartAsync(1, options => options.HandshakeQueueLength = 20);
        var attack = await ConnectManyAsync(tracker, 40, FirstByte);
        var closed = 0;
        foreach (var socket in attack)
        {
            _ = CountClosedAsync(socket);
        }

        await Eventually.HoldsAsync(() => Volatile.Read(ref closed) >= 15, "those beyond the queue are closed");
        await ServeAsync(tracker);
        attack.ForEach(socket => socket.Dispose());

        async Task CountClosedAsync(Socket socket)
        {
            try
            {
                await socket.ReceiveAsync(new byte[1]);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It was reset.
            }

            Interlocked.Increment(ref closed);
        }
    }

    [Fact]
    public async Task A_connection_that_waits_too_long_for_its_handshake_is_closed()
    {
        await using var tracker = await StartAsync(1, options => options.HandshakeQueueTimeout = TimeSpan.FromSeconds(2));
        var attack = await ConnectManyAsync(tracker, 30, FirstByte);

        await Eventually.HoldsAsync(() => Handshakes(tracker).Waiting == 0, "none waits any more");

        await ServeAsync(tracker);
        attack.ForEach(socket => socket.Dispose());
    }

    private static Handshakes Handshakes(TestTracker tracker) => tracker.Services.GetRequiredService<Handshakes>();

    /// <summary>With patience for everything but what is tested.</summary>
    private static Task<TestTracker> StartAsync(int atOnce, Action<TestTrackerOptions>? configure = null) => TestTracker.StartAsync(options =>
    {
        options.HandshakesAtOnce = atOnce;
        options.HandshakeTimeout = options.HandshakeQueueTimeout = Long;
        configure?.Invoke(options);
    });

    private static async Task ServeAsync(TestTracker tracker)
    {
        using var client = TestUser.CreateClient(tracker.Address);
        Assert.Equal("ok", await client.GetStringAsync("/healthz").WaitAsync(Deadline));
    }

    /// <param name="first">What each sends; null: nothing.</param>
    private static async Task<List<Socket>> ConnectManyAsync(TestTracker tracker, int count, byte[]? first = null)
    {
        var sockets = new List<Socket>();
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(Elsewhere, 0));
            await socket.ConnectAsync(IPAddress.Loopback, tracker.Address.Port);
            if (first is not null)
            {
                await socket.SendAsync(first);
            }

            sockets.Add(socket);
        }

        return sockets;
    }
}
