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

    // A whole handshake record (RFC 8446, section 5.1) with the type of a ClientHello alone: the rest of the message would be in the next one.
    private static readonly byte[] FirstRecord = [0x16, 3, 1, 0, 1, 1];

    [Fact]
    public async Task All_of_a_herd_are_served_although_few_handshakes_are_worked_on_at_once()
    {
        await using var tracker = await StartAsync(8);

        var clients = Enumerable.Range(0, 300).Select(i => TestUser.CreateClient(tracker.Address, new IPAddress([127, 0, 1, (byte)(1 + (i % 100))]))).ToList();

        var answers = await Task.WhenAll(clients.Select(client => client.GetStringAsync("/healthz").WaitAsync(Deadline)));

        // All of them stay open: a turn ends with the handshake.
        Assert.All(answers, answer => Assert.Equal("ok", answer));
        Assert.Equal((300, 0), (Handshakes(tracker).Open, Handshakes(tracker).Waiting));
        clients.ForEach(client => client.Dispose());
        await Eventually.HoldsAsync(() => Handshakes(tracker).Open == 0, "all are closed");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6)]
    public async Task Connections_that_send_nothing_or_stop_in_the_middle_hold_no_place(int sent)
    {
        await using var tracker = await StartAsync(1);
        var silent = await ConnectManyAsync(tracker, 50, sent == 0 ? null : FirstRecord[..sent]);

        await Eventually.HoldsAsync(() => Handshakes(tracker).Open == 50, "all are accepted");
        await ServeAsync(tracker);

        // Its own connection may be gone already.
        Assert.InRange(Handshakes(tracker).Open, 50, 51);
        silent.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task Beyond_the_queue_connections_are_closed_and_one_of_another_address_takes_the_place_of_one_of_many()
    {
        await using var tracker = await StartAsync(1, options => options.HandshakeQueueLength = 20);
        // As if a handshake took long.
        using var turn = await Handshakes(tracker).Gate.EnterAsync("", isPreferred: false, CancellationToken.None);
        var closed = 0;
        var attack = await ConnectManyAsync(tracker, 40, FirstRecord);
        attack.ForEach(socket => _ = CountClosedAsync(socket));
        await Eventually.HoldsAsync(() => Volatile.Read(ref closed) == 20, "those beyond the queue are closed");
        Assert.Equal(20, Handshakes(tracker).Waiting);

        var served = ServeAsync(tracker);
        await Eventually.HoldsAsync(() => Volatile.Read(ref closed) == 21, "one made room");
        Assert.Equal(20, Handshakes(tracker).Waiting);
        turn!.Dispose();

        await served;
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
    public async Task A_connection_that_waits_too_long_or_is_gone_waits_no_longer()
    {
        await using var tracker = await StartAsync(1, options => options.HandshakeQueueTimeout = TimeSpan.FromSeconds(5));
        using var turn = await Handshakes(tracker).Gate.EnterAsync("", isPreferred: false, CancellationToken.None);
        var gone = await ConnectManyAsync(tracker, 10, FirstRecord);
        gone.ForEach(socket => socket.Dispose());
        using var patient = (await ConnectManyAsync(tracker, 1, FirstRecord)).Single();

        await Eventually.HoldsAsync(() => Handshakes(tracker).Open == 0, "none is there any more");

        Assert.Equal(0, Handshakes(tracker).Waiting);
        turn!.Dispose();
        await ServeAsync(tracker);
    }

    [Fact]
    public async Task A_client_may_take_long_to_begin_while_others_wait_and_only_then()
    {
        var clock = new TrackerClock();
        var patience = TimeSpan.FromSeconds(10);
        await using var tracker = await StartAsync(1, options => (options.HandshakeTimeout, options.HandshakeQueueTimeout) = (patience, 6 * patience), clock);
        using var turn = await Handshakes(tracker).Gate.EnterAsync("", isPreferred: false, CancellationToken.None);
        var slow = (await ConnectManyAsync(tracker, 1, null)).Single();
        var waiting = (await ConnectManyAsync(tracker, 1, FirstRecord)).Single();
        await Eventually.HoldsAsync(() => Handshakes(tracker) is { Open: 2, Waiting: 1 }, "one waits");

        clock.Advance(patience + TimeSpan.FromSeconds(1));
        await slow.SendAsync(FirstRecord);

        await Eventually.HoldsAsync(() => Handshakes(tracker).Waiting == 2, "both wait");
        slow.Dispose();
        waiting.Dispose();
        await Eventually.HoldsAsync(() => Handshakes(tracker).Open == 0, "both are gone");
        using var silent = (await ConnectManyAsync(tracker, 1, null)).Single();
        await Eventually.HoldsAsync(() => Handshakes(tracker).Open == 1, "it is accepted");
        clock.Advance(patience + TimeSpan.FromSeconds(1));
        await Eventually.HoldsAsync(() => Handshakes(tracker).Open == 0, "it is closed, as no other waits");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public async Task What_connections_send_after_their_first_bytes_waits_for_a_turn_too(int sent)
    {
        await using var tracker = await StartAsync(1);
        var sockets = await ConnectManyAsync(tracker, 10, FirstRecord[..sent]);
        await Eventually.HoldsAsync(() => Handshakes(tracker).Open == 10 && Handshakes(tracker) is { Waiting: 0, Gate.Inside: 0 }, "all wait for their clients");
        using var turn = await Handshakes(tracker).Gate.EnterAsync("", isPreferred: false, CancellationToken.None);

        // The rest of the first record, and a second one: TLS would answer with an alert.
        foreach (var socket in sockets)
        {
            await socket.SendAsync((byte[])[.. FirstRecord[sent..], .. FirstRecord]);
        }

        await Eventually.HoldsAsync(() => Handshakes(tracker).Waiting == 10, "all wait for a turn");
        Assert.All(sockets, socket => Assert.Equal(0, socket.Available));
        turn!.Dispose();
        await ServeAsync(tracker);
        sockets.ForEach(socket => socket.Dispose());
    }

    private static Handshakes Handshakes(TestTracker tracker) => tracker.Services.GetRequiredService<Handshakes>();

    /// <summary>With patience for everything but what is tested.</summary>
    private static Task<TestTracker> StartAsync(int atOnce, Action<TestTrackerOptions>? configure = null, TrackerClock? clock = null) => TestTracker.StartAsync(
        options =>
        {
            options.HandshakesAtOnce = atOnce;
            options.HandshakeTimeout = options.HandshakeQueueTimeout = Long;
            configure?.Invoke(options);
        },
        clock);

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
