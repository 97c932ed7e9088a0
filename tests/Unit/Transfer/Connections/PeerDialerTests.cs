using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class PeerDialerTests : ConnectionTest
{
    private readonly FakeTransport _transport = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConnectionTable _connections;
    private readonly PeerDialer _dialer;

    public PeerDialerTests()
    {
        _connections = new ConnectionTable(Own, Context);
        _dialer = new PeerDialer(_transport, _connections, Context.Admission, Context.Metrics, _stopping.Token);
    }

    [Fact]
    public async Task Callers_that_want_the_same_peer_share_one_dial()
    {
        var (first, second) = (_dialer.ConnectAsync(Peer(2), default), _dialer.ConnectAsync(Peer(2), default));
        var other = _dialer.ConnectAsync(Peer(3), default);
        Assert.False(first.IsCompleted);

        _transport.Answer();

        Assert.Same(await first.WaitAsync(Limit), await second.WaitAsync(Limit));
        Assert.NotSame(await first, await other.WaitAsync(Limit));
        Assert.Equal(2, _transport.Dials);
    }

    [Fact]
    public async Task A_connection_that_exists_is_used()
    {
        _transport.Answer();
        var connection = await _dialer.ConnectAsync(Peer(2) with { UserName = "renamed" }, default);

        Assert.Same(connection, await _dialer.ConnectAsync(Peer(2), default));
        Assert.Same(connection, _dialer.Find(Remote(2).Fingerprint));
        Assert.Equal(1, _transport.Dials);
    }

    [Fact]
    public async Task A_caller_that_gives_up_leaves_the_dial_to_the_others()
    {
        using var givingUp = new CancellationTokenSource();
        var (first, second) = (_dialer.ConnectAsync(Peer(2), givingUp.Token), _dialer.ConnectAsync(Peer(2), default));

        await givingUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _transport.Answer();

        Assert.NotNull(await second.WaitAsync(Limit));
        Assert.Equal(1, _transport.Dials);
    }

    [Fact]
    public async Task A_failed_dial_is_not_remembered()
    {
        _transport.Fail(new IOException("No route."));
        await Assert.ThrowsAsync<IOException>(() => _dialer.ConnectAsync(Peer(2), default));

        _transport.Answer();

        Assert.NotNull(await _dialer.ConnectAsync(Peer(2), default).WaitAsync(Limit));
        Assert.Equal(2, _transport.Dials);
    }

    [Fact]
    public async Task A_stopping_server_cancels_its_dials()
    {
        var dialling = _dialer.ConnectAsync(Peer(2), default);

        await _stopping.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialling.WaitAsync(Limit));
    }

    [Fact]
    public async Task Bulk_connections_are_dialled_until_there_are_enough()
    {
        _transport.Answer();
        var first = await _dialer.ConnectAsync(Peer(2), default);
        for (var i = 0; i < ConnectionTable.MaxBulkConnections; i++)
        {
            var bulk = await _dialer.DialBulkAsync(first);
            Assert.True(bulk is { IsBulk: true, IsDialled: true });
            Assert.Equal(first.RemoteFingerprint, bulk.RemoteFingerprint);
        }

        Assert.Null(await _dialer.DialBulkAsync(first));
    }

    [Fact]
    public async Task Bulk_connections_that_are_being_dialled_have_their_places()
    {
        _transport.Answer();
        var first = await _dialer.ConnectAsync(Peer(2), default);
        using var mayAnswer = new ManualResetEventSlim();
        _transport.BlockingDial = mayAnswer.Wait;

        var dials = Enumerable.Range(0, ConnectionTable.MaxBulkConnections + 3).Select(_ => _dialer.DialBulkAsync(first)).ToArray();
        mayAnswer.Set();

        Assert.Equal(3, (await Task.WhenAll(dials)).Count(connection => connection is null));
    }

    private static SourcePeer Peer(byte number) => new(Remote(number).Fingerprint, TestIds.Of($"user{number}"), SessionId, $"user{number}", Complete: true, ["127.0.0.1:1"]);

    private sealed class FakeTransport : IPeerTransport
    {
        private TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Dials { get; private set; }

        /// <summary>What a bulk dial waits for.</summary>
        public Action BlockingDial { get; set; } = () => { };

        public void Answer()
        {
            _answer = _answer.Task.IsFaulted ? new TaskCompletionSource() : _answer;
            _answer.SetResult();
        }

        public void Fail(Exception error) => _answer.SetException(error);

        public async Task<(Stream Stream, RemotePeer Remote)> DialAsync(SourcePeer peer, CancellationToken cancellationToken)
        {
            Dials++;
            await _answer.Task.WaitAsync(cancellationToken);
            return (DuplexStream.CreatePair().Near, Remote(2) with { Fingerprint = peer.Fingerprint });
        }

        public (Stream Stream, RemotePeer Remote) DialBlocking(Hash256 fingerprint, IPEndPoint endPoint, CancellationToken cancellationToken)
        {
            BlockingDial();
            return (DuplexStream.CreatePair().Near, Remote(2) with { Fingerprint = fingerprint });
        }
    }
}
