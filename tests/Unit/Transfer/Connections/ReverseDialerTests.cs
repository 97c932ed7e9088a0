using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>What this peer dials because others asked for it.</summary>
public sealed class ReverseDialerTests : ConnectionTest, IPeerTransport
{
    private readonly FakeContent _content = new();
    private readonly ConcurrentQueue<SourcePeer> _dialled = [];
    private readonly ConcurrentQueue<DuplexStream> _far = [];
    private readonly ConnectionTable _connections;
    private readonly ReverseDialer _dialer;
    private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _tickets;

    public ReverseDialerTests()
    {
        _connections = new ConnectionTable(Own, Context);
        _dialer = new ReverseDialer(
            new PeerDialer(this, _connections, Context.Admission, Context.Metrics, CancellationToken.None), Contents, Own, FindTicketAsync, NullLogger.Instance, Clock, CancellationToken.None);
        Contents.Offer(_content, Group);
    }

    [Fact]
    public async Task It_dials_the_asker_and_shows_a_ticket()
    {
        _answer.SetResult();

        await DialAsync(2).WaitAsync(Limit);

        var connection = Assert.IsType<PeerConnection>(_connections.Find(Remote(2).Fingerprint));
        Assert.True(connection.IsDialled);
        Assert.Equal(1, _tickets);
    }

    [Fact]
    public async Task What_is_not_offered_in_the_group_and_itself_are_no_reason_to_dial()
    {
        await _dialer.DialAsync(Request(2) with { PiecesRoot = Hash256.Compute([9]) }).WaitAsync(Limit);
        await _dialer.DialAsync(Request(2) with { GroupId = TestIds.Of("another") }).WaitAsync(Limit);
        await _dialer.DialAsync(Request(2) with { Peer = Peer(2) with { Fingerprint = Own } }).WaitAsync(Limit);

        Assert.Equal((0, 0), (_dialled.Count, _tickets));
    }

    [Fact]
    public async Task One_peer_is_dialled_once_at_a_time()
    {
        var dials = Enumerable.Range(0, 10).Select(_ => DialAsync(2)).ToList();
        _answer.SetResult();

        await Task.WhenAll(dials).WaitAsync(Limit);

        Assert.Single(_dialled);
    }

    [Fact]
    public async Task No_more_than_a_few_are_dialled_at_once()
    {
        var dials = Enumerable.Range(2, 100).Select(i => DialAsync((byte)i, $"10.0.0.{i}:1")).ToList();
        _answer.SetResult();

        await Task.WhenAll(dials).WaitAsync(Limit);

        Assert.Equal(ReverseDialer.MaxAtOnce, _dialled.Count);
    }

    [Fact]
    public async Task An_address_and_all_together_are_dialled_only_so_often_in_a_second()
    {
        _answer.SetResult();
        for (byte i = 2; i < 100; i++)
        {
            await DialAsync(i, "10.0.0.1:1").WaitAsync(Limit);
        }

        Assert.Equal(ReverseDialer.MaxPerAddressAndSecond, _dialled.Count);
        Clock.Advance(TimeSpan.FromSeconds(1));
        for (byte i = 100; i < 200; i++)
        {
            await DialAsync(i, $"10.0.1.{i}:1").WaitAsync(Limit);
        }

        Assert.Equal(ReverseDialer.MaxPerAddressAndSecond + ReverseDialer.MaxPerSecond, _dialled.Count);
    }

    [Fact]
    public async Task The_addresses_of_one_network_count_as_one()
    {
        _answer.SetResult();
        for (byte i = 2; i < 30; i++)
        {
            await DialAsync(i, $"[2001:db8:1:2::{i}]:1").WaitAsync(Limit);
        }

        Assert.Equal(ReverseDialer.MaxPerAddressAndSecond, _dialled.Count);
        await DialAsync(30, "[2001:db8:1:3::1]:1").WaitAsync(Limit);
        Assert.Equal(ReverseDialer.MaxPerAddressAndSecond + 1, _dialled.Count);
    }

    [Fact]
    public async Task Each_end_point_of_a_request_counts()
    {
        _answer.SetResult();
        string[] many = [.. Enumerable.Range(1, 100).Select(i => $"10.0.0.{i}:1"), "no end point"];

        await _dialer.DialAsync(Request(2) with { Peer = Peer(2) with { EndPoints = many } }).WaitAsync(Limit);
        await DialAsync(3, "10.0.1.1:1").WaitAsync(Limit);

        Assert.Equal(many[..ReverseDialer.MaxPerSecond], Assert.Single(_dialled).EndPoints);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await DialAsync(3, "10.0.1.1:1").WaitAsync(Limit);
        Assert.Equal(2, _dialled.Count);
    }

    [Fact]
    public async Task A_connection_that_has_just_come_stays_and_one_that_the_asker_has_lost_is_replaced()
    {
        _answer.SetResult();
        await DialAsync(2).WaitAsync(Limit);
        var first = _connections.Find(Remote(2).Fingerprint);
        await DialAsync(2).WaitAsync(Limit);
        Assert.Same(first, _connections.Find(Remote(2).Fingerprint));

        Clock.Advance(TimeSpan.FromSeconds(6));
        await DialAsync(2).WaitAsync(Limit);

        Assert.Equal(2, _dialled.Count);
        Assert.NotSame(first, Assert.IsType<PeerConnection>(_connections.Find(Remote(2).Fingerprint)));
    }

    [Fact]
    public async Task A_failed_dial_throws_nothing_and_is_not_remembered()
    {
        _answer.SetException(new IOException("No route."));
        await DialAsync(2).WaitAsync(Limit);
        await DialAsync(2).WaitAsync(Limit);

        Assert.Equal(2, _dialled.Count);
    }

    async Task<(Stream Stream, RemotePeer Remote)> IPeerTransport.DialAsync(SourcePeer peer, CancellationToken cancellationToken)
    {
        _dialled.Enqueue(peer);
        await _answer.Task.WaitAsync(cancellationToken);
        var (near, far) = DuplexStream.CreatePair();
        _far.Enqueue(far);
        return (near, Remote(2) with { Fingerprint = peer.Fingerprint });
    }

    (Stream Stream, RemotePeer Remote) IPeerTransport.DialBlocking(Hash256 fingerprint, IPEndPoint endPoint, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private static SourcePeer Peer(byte number, string endPoint = "127.0.0.1:1") =>
        new(Remote(number).Fingerprint, TestIds.Of($"user{number}"), SessionId, $"user{number}", Complete: false, [endPoint]);

    private DialEvent Request(byte number, string endPoint = "127.0.0.1:1") => new(Group.Id, Group.Name, _content.PiecesRoot, Peer(number, endPoint));

    private Task DialAsync(byte number, string endPoint = "127.0.0.1:1") => _dialer.DialAsync(Request(number, endPoint));

    private Task<string> FindTicketAsync(GroupIdentity group, Hash256 root, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _tickets);
        return Task.FromResult("ticket");
    }
}
