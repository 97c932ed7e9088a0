using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Unit.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>When a source is dialled, and when it is asked to dial.</summary>
public sealed class ConnectionReversalTests : ConnectionTest, IPeerConnector
{
    private static readonly Hash256 Root = Hash256.Compute([7]);

    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Hash256> _requests = [];
    private readonly ConnectionReversal _reversal;
    private readonly TaskCompletionSource<PeerConnection> _dial = new();
    private readonly TaskCompletionSource<PeerConnection> _incoming = new();
    private Exception? _refusal;
    private PeerConnection? _existing;

    public ConnectionReversalTests() => _reversal = new ConnectionReversal(this, RequestAsync, Clock, _stopping.Token);

    [Fact]
    public async Task A_peer_that_answers_in_time_is_not_asked()
    {
        var connection = Idle();
        var connecting = ConnectAsync();
        _dial.SetResult(connection);

        Assert.Same(connection, await connecting);
        Assert.Empty(_requests);
    }

    [Fact]
    public async Task A_peer_that_cannot_be_dialled_is_asked_and_its_connection_is_used()
    {
        var connection = Idle();
        _dial.SetException(new IOException("Refused."));
        var connecting = ConnectAsync();
        await RequestedAsync(1);
        _incoming.SetResult(connection);

        Assert.Same(connection, await connecting.WaitAsync(Limit));
        Assert.Equal([Peer().Fingerprint], _requests);
    }

    [Fact]
    public async Task A_slow_dial_runs_beside_the_request_and_the_first_of_both_wins()
    {
        var connection = Idle();
        var connecting = ConnectAsync();
        Assert.Empty(_requests);
        Clock.Advance(ConnectionReversal.Patience);
        await RequestedAsync(1);

        _dial.SetResult(connection);

        Assert.Same(connection, await connecting.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_peer_without_an_address_is_asked_at_once_unless_it_is_connected()
    {
        var connection = Idle();
        var connecting = ConnectAsync(Peer() with { EndPoints = [] });
        await RequestedAsync(1);
        _incoming.SetResult(connection);
        Assert.Same(connection, await connecting.WaitAsync(Limit));

        _existing = Idle();
        Assert.Same(_existing, await ConnectAsync(Peer() with { EndPoints = [] }));
        Assert.Single(_requests);
    }

    [Fact]
    public async Task Downloads_that_want_the_same_peer_share_a_request()
    {
        _dial.SetException(new IOException("Refused."));
        var (first, second) = (ConnectAsync(), ConnectAsync());
        await RequestedAsync(1);
        _incoming.SetResult(Idle());

        Assert.Same(await first.WaitAsync(Limit), await second.WaitAsync(Limit));
        Assert.Single(_requests);
    }

    [Fact]
    public async Task A_peer_that_does_not_dial_fails_in_time_and_is_asked_once_in_a_backoff()
    {
        _dial.SetException(new IOException("Refused."));
        var connecting = ConnectAsync();
        await RequestedAsync(1);
        Clock.Advance(ConnectionReversal.Timeout);
        Assert.Contains("within 10 seconds", (await Assert.ThrowsAsync<IOException>(() => connecting.WaitAsync(Limit))).Message, StringComparison.Ordinal);

        await Assert.ThrowsAsync<IOException>(() => ConnectAsync().WaitAsync(Limit));
        Assert.Single(_requests);

        Clock.Advance(TimeSpan.FromSeconds(2));
        var again = ConnectAsync();
        await RequestedAsync(2);
        _incoming.SetResult(Idle());
        await again.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_tracker_that_has_too_many_requests_is_left_alone_for_as_long_as_it_says()
    {
        _dial.SetException(new IOException("Refused."));
        _refusal = new TooManyAttemptsException("Too many.", TimeSpan.FromSeconds(20));
        Assert.Contains("Too many.", (await Assert.ThrowsAsync<IOException>(() => ConnectAsync().WaitAsync(Limit))).Message, StringComparison.Ordinal);

        Clock.Advance(TimeSpan.FromSeconds(19));
        await Assert.ThrowsAsync<IOException>(() => ConnectAsync().WaitAsync(Limit));
        Assert.Single(_requests);

        Clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<IOException>(() => ConnectAsync().WaitAsync(Limit));
        Assert.Equal(2, _requests.Count);
    }

    [Fact]
    public async Task A_stopping_server_waits_for_no_peer()
    {
        _dial.SetException(new IOException("Refused."));
        var connecting = ConnectAsync();
        await RequestedAsync(1);

        await _stopping.CancelAsync();

        await Assert.ThrowsAsync<IOException>(() => connecting.WaitAsync(Limit));
    }

    Task<PeerConnection> IPeerConnector.ConnectAsync(SourcePeer peer, CancellationToken cancellationToken) => _dial.Task.WaitAsync(cancellationToken);

    Task<PeerConnection?> IPeerConnector.DialBulkAsync(PeerConnection first) => throw new NotSupportedException();

    PeerConnection? IPeerConnector.Find(Hash256 fingerprint) => _existing;

    Task<PeerConnection> IPeerConnector.WaitForAsync(Hash256 fingerprint, CancellationToken cancellationToken) => _incoming.Task.WaitAsync(cancellationToken);

    private static SourcePeer Peer() => new(Remote(2).Fingerprint, TestIds.Of("bob"), SessionId, "bob", Complete: true, ["127.0.0.1:1"]);

    private Task<PeerConnection> ConnectAsync(SourcePeer? peer = null) => _reversal.ConnectAsync(peer ?? Peer(), Group, Root, CancellationToken.None);

    private Task RequestAsync(GroupIdentity group, Hash256 root, Hash256 source, CancellationToken cancellationToken)
    {
        Assert.Equal((Group, Root), (group, root));
        lock (_requests)
        {
            _requests.Add(source);
        }

        return _refusal is null ? Task.CompletedTask : Task.FromException(_refusal);
    }

    private Task RequestedAsync(int count) => Eventually.HoldsAsync(
        () =>
        {
            lock (_requests)
            {
                return _requests.Count == count;
            }
        },
        $"{count} requests");
}
