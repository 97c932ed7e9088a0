using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;

namespace P2PShare.Integration.Transfer;

/// <summary>Peers that cannot be dialled: they dial, because the other side asks for it through the tracker.</summary>
public sealed class ReversalTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(3_000_000);

    // Bound, so that no other program gets the port, but not listening: dials are refused.
    private readonly Socket _closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ReversalTests() => _closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public void Dispose() => _closed.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_source_that_cannot_be_dialled_dials_the_receiver(bool announcesPort)
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null, Unreachable(announcesPort));
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var file = await alice.ShareAsync("data.bin", _content);

        await bob.Receive(file).Completion.WaitAsync(Limit);

        Assert.Equal(_content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
        await Eventually.HoldsAsync(() => alice.Uploads.Count == 1, "alice reported the upload");
        Assert.Equal("bob", alice.Uploads[0].UserName);
    }

    [Fact]
    public async Task A_receiver_that_cannot_be_dialled_receives_and_serves_on_a_connection_that_it_dialled()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice, Unreachable(announcesPort: true));
        await using var carol = await TestPeer.StartAsync(tracker, "carol", alice);
        var file = await alice.ShareAsync("data.bin", _content);
        await bob.Receive(file).Completion.WaitAsync(Limit);
        await alice.StopServerAsync();
        // Bob's announce tells that he has all of it.
        await bob.ShareAsync("data.bin", _content);

        await carol.Receive(file).Completion.WaitAsync(Limit);

        Assert.Equal(_content, await File.ReadAllBytesAsync(carol.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_source_behind_an_address_that_does_not_answer_is_asked_without_waiting_for_the_dials_timeout()
    {
        // A backlog that is full: the handshake of TCP completes, that of TLS does not.
        _closed.Listen(1);
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null, Unreachable(announcesPort: true));
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var file = await alice.ShareAsync("data.bin", _content);
        var watch = System.Diagnostics.Stopwatch.StartNew();

        await bob.Receive(file).Completion.WaitAsync(Limit);

        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(9));
    }

    [Fact]
    public async Task A_stranger_makes_no_peer_dial()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null, Unreachable(announcesPort: true));
        var file = await alice.ShareAsync("data.bin", _content);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var mallory = await TestUser.CreateAsync(tracker, "mallory");
        await mallory.AnnounceAsync(new AnnounceRequest(mallory.Fingerprint, ((IPEndPoint)listener.LocalEndpoint).Port, [], Full: true, [], [], RevocationsAfter: 0));

        using (var answer = await RequestAsync(mallory))
        {
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }

        // Once she is a member, the same request arrives: what held it back was the membership.
        await mallory.Expect(HttpStatusCode.Created, await mallory.PostAsync(TrackerRoutes.JoinRequests(TestPeer.Group)));
        Assert.False(listener.Pending());
        await alice.Client.ApproveJoinAsync(TestPeer.Group, "mallory", CancellationToken.None);
        using (var answer = await RequestAsync(mallory))
        {
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }

        using var dialled = await listener.AcceptSocketAsync().WaitAsync(Limit);
        Assert.False(listener.Pending());

        Task<HttpResponseMessage> RequestAsync(TestUser user) => user.PostAsync(
            TrackerRoutes.DialRequests(TestPeer.Group), new DialRequest(file.GroupId, file.PiecesRoot!.Value, alice.Server.Fingerprint, user.Fingerprint));
    }

    private PeerServerOptions Unreachable(bool announcesPort) =>
        new() { AnnouncedPort = announcesPort ? ((IPEndPoint)_closed.LocalEndPoint!).Port : 0 };
}
