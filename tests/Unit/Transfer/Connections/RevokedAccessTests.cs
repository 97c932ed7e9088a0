using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>What a connection and a revoked access leave behind: nothing.</summary>
public sealed class RevokedAccessTests : ConnectionTest
{
    private static readonly Hash256 Lesser = new(Enumerable.Repeat((byte)1, Hash256.Size).ToArray());
    private static readonly Hash256 Greater = new(Enumerable.Repeat((byte)2, Hash256.Size).ToArray());

    private readonly FakeContent _content = new();
    private readonly List<RawPeer> _remotes = [];

    // The victim dialled mallory, mallory dialled the victim at the same time, and the victim moved its channel to her connection.
    [Fact]
    public void A_revocation_ends_a_channel_that_moved_to_the_connection_of_the_other_side()
    {
        var table = new ConnectionTable(Greater, Context);
        var dialler = new PeerDialer(new NoTransport(), table, Context.Admission, Context.Metrics, CancellationToken.None);
        var dialled = Add(table, Lesser, isDialled: true);
        dialled.Open(_content, Group, Listed());
        var twin = Add(table, Lesser, isDialled: false);
        Assert.True(dialled.IsDuplicate);

        Assert.NotNull(new ChannelConnector(dialler, null!, _content, Group).TryReuse(Lesser, Found()));
        Assert.Single(twin.Channels);
        table.Revoke([RevocationFor(Group)]);

        Assert.Empty(twin.Channels);
    }

    // Mallory has two accounts with one peer key; a later look-up names the other account.
    [Fact]
    public void A_revocation_ends_a_channel_whichever_account_of_the_peer_was_looked_up_last()
    {
        var table = new ConnectionTable(Greater, Context);
        var connection = Add(table, Lesser, isDialled: true);
        var channel = connection.Open(_content, Group, Listed());
        Assert.Same(channel, connection.Open(_content, Group, Listed() with { UserId = TestIds.Of("alt"), SessionId = TestIds.Of("s2") }));

        table.Revoke([RevocationFor(Group)]);

        Assert.Empty(connection.Channels);
    }

    // The look-up named mallory, she was removed, and the dial that she delayed succeeds afterwards.
    [Fact]
    public void A_channel_that_is_opened_after_the_revocation_came_is_ended_too_unless_the_source_was_looked_up_since()
    {
        var table = new ConnectionTable(Greater, Context);
        table.Revoke([RevocationFor(Group)]);

        var connection = Add(table, Lesser, isDialled: true);
        var channel = connection.Open(_content, Group, Listed());
        table.Maintain();
        Assert.Empty(connection.Channels);

        // She was added again.
        channel = connection.Open(_content, Group, Listed() with { RevocationsKnown = Access.RevocationsKnown });
        table.Maintain();
        Assert.Equal([channel], connection.Channels);
    }

    [Fact]
    public async Task What_this_side_opened_ends_like_a_ticket_unless_look_ups_name_the_source_again()
    {
        var table = new ConnectionTable(Greater, Context);
        var connection = Add(table, Lesser, isDialled: true);
        var channel = connection.Open(_content, Group, Listed());
        for (var i = 0; i < 30; i++)
        {
            Clock.Advance(TimeSpan.FromMinutes(1));
            await _remotes[0].SendAsync(new byte[4]);
            await Eventually.HoldsAsync(() => connection.Idle == TimeSpan.Zero, "the keep-alive has come");
            if (i < 15)
            {
                channel.Renew(Listed());
            }

            channel.Renew(Listed() with { UserId = TestIds.Of("alt") });
            table.Maintain();
            Assert.Equal(i < 25, connection.Channels.Any());
        }
    }

    [Fact]
    public async Task A_connection_dialled_on_request_takes_a_place_of_its_user_and_ends_without_hello()
    {
        Context.Admission.Limits = new ConnectionLimits { PerUser = 1, PerAddress = 100 };
        var table = new ConnectionTable(Greater, Context);
        Contents.Offer(_content, Group);
        var greeted = new List<PeerConnection>();
        for (byte i = 0; i < 5; i++)
        {
            var connection = AddRequested(table, Hash256.Compute([i, 9]));
            await _remotes[^1].SendHelloAsync(Issue(TicketFor(_content)));
            await Eventually.HoldsAsync(() => connection.IsEnding || connection.IsGreeted, "hello is answered");
            greeted.Add(connection);
        }

        Assert.Equal(1, greeted.Count(connection => connection.IsGreeted));
        var silent = AddRequested(table, Lesser);
        var useful = AddRequested(table, Hash256.Compute([1, 1]));
        useful.Open(_content, Group, Listed());

        Clock.Advance(ConnectionTable.HelloTimeout);

        Assert.True(silent.IsEnding);
        Assert.False(useful.IsEnding);
    }

    // The reader may still have messages in its buffer when this side has ended the connection.
    [Fact]
    public async Task No_channel_stays_at_its_content_after_the_connection_ended()
    {
        var (connection, remote, running) = Run();
        await GreetAndOpenAsync(connection, remote, _content);
        connection.Dispose();
        await running.WaitAsync(Limit);
        var buffer = new byte[Frame.HeaderLength + OpenMessage.Length];
        new OpenMessage(3, _content.PiecesRoot, Group.Id).Write(buffer);

        new PeerMessageHandler(connection, Context).Handle(MessageId.Open, buffer.AsSpan(Frame.HeaderLength));

        Assert.Empty(_content.Channels);
    }

    [Fact]
    public async Task An_unforeseen_error_frees_the_place()
    {
        var table = new ConnectionTable(Greater, Context);
        var (near, far) = DuplexStream.CreatePair();
        var remote = new RawPeer(far);
        _remotes.Add(remote);
        var connection = table.Run(near, Remote(2), isDialled: false, arrival: Context.Admission.Enter(IPAddress.Loopback, () => { }));
        var channel = await GreetAndOpenAsync(connection, remote, _content);
        await remote.HaveAllAsync(1);
        await Eventually.HoldsAsync(() => channel.RemoteHas is not null, "the bitfield is there");
        channel.SetListener(new FailingListener());
        var have = new byte[64];
        await remote.SendAsync(have.AsMemory(0, HaveMessage.Write(have, 1, [0])));

        await Eventually.HoldsAsync(() => (table.Count, Context.Admission.GreetedCount) == (0, 0), "its place is free");
        Assert.True(connection.IsEnding);
    }

    // Each side keeps the connection alive because it has heard nothing for 45 seconds, and each then has heard something.
    [Fact]
    public async Task An_unused_connection_between_two_honest_peers_ends()
    {
        var (ours, theirs) = (new ConnectionTable(Lesser, Context), new ConnectionTable(Greater, Context));
        var (near, far) = DuplexStream.CreatePair();
        var one = ours.Run(near, Remote(2) with { Fingerprint = Greater }, isDialled: true);
        var other = theirs.Run(far, Remote(3) with { Fingerprint = Lesser }, isDialled: false);
        Contents.Offer(_content, Group);
        one.SendHello(Issue(TicketFor(_content) with { CertificateHash = Remote(3).CertificateHash }));
        await Eventually.HoldsAsync(() => other.IsGreeted, "hello has come");
        for (var i = 0; i < 200; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(5));
            ours.Maintain();
            theirs.Maintain();
            await Eventually.HoldsAsync(() => one.WaitingBytes == 0 && other.WaitingBytes == 0, "what they sent is under way");
        }

        Assert.True(one.IsEnding, "it was never used, and is there after a quarter of an hour");
    }

    // Four bytes now and then keep the place of one who was removed.
    [Fact]
    public async Task A_former_member_keeps_no_place()
    {
        var table = new ConnectionTable(Greater, Context);
        var (near, far) = DuplexStream.CreatePair();
        var remote = new RawPeer(far);
        var connection = table.Run(near, Remote(2), isDialled: false, arrival: Context.Admission.Enter(IPAddress.Loopback, () => { }));
        await GreetAndOpenAsync(connection, remote, _content);
        table.Revoke([RevocationFor(Group)]);
        for (var i = 0; i < 180 && !connection.IsEnding; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(20));
            await remote.SendAsync(new byte[4]);
            await Eventually.HoldsAsync(() => connection.IsEnding || connection.Idle == TimeSpan.Zero, "the keep-alive has come");
            table.Maintain();
        }

        await Eventually.HoldsAsync(() => Context.Admission.GreetedCount == 0, "its place is free");
    }

    private PeerConnection Add(ConnectionTable table, Hash256 remote, bool isDialled)
    {
        var (near, far) = DuplexStream.CreatePair();
        _remotes.Add(new RawPeer(far));
        return table.Run(near, Remote(2) with { Fingerprint = remote }, isDialled);
    }

    private PeerConnection AddRequested(ConnectionTable table, Hash256 remote)
    {
        var (near, far) = DuplexStream.CreatePair();
        _remotes.Add(new RawPeer(far));
        return table.Run(near, Remote(2) with { Fingerprint = remote }, isDialled: true, arrival: Context.Admission.Enter(IPAddress.Loopback, near.Dispose));
    }

    private SourceLocator.Sources Found() =>
        new("ticket", Clock.GetUtcNow() + TimeSpan.FromMinutes(10), RevocationsKnown: 0, [new SourcePeer(Lesser, UserId, SessionId, User, Complete: true, [])]);

    private sealed class FailingListener : IChannelListener
    {
        public void ReceiveBitfield(Bitfield has)
        {
        }

        public void ReceiveHaves(int[] pieces) => throw new InvalidOperationException("unforeseen");

        public void Reject(BlockRange range)
        {
        }

        public void ReceiveHashes(HashRange range, Hash256[] hashes)
        {
        }

        public void RejectHashes()
        {
        }

        public void ReceiveTree(TreeRange range, Hash256[] hashes)
        {
        }

        public void RejectTree(TreeRange range)
        {
        }

        public void ReceiveMap(MapHeader header, ReadOnlySpan<byte> bytes)
        {
        }

        public void RejectMap()
        {
        }

        public void Refuse(CloseReason reason)
        {
        }

        public void Lose()
        {
        }

        public IncomingBlock? BeginReceive(PieceHeader header, int count) => null;

        public void AbortReceive(IncomingBlock block)
        {
        }

        public void EndReceive(IncomingBlock block, long since)
        {
        }
    }

    private sealed class NoTransport : IPeerTransport
    {
        public Task<(Stream Stream, RemotePeer Remote)> DialAsync(SourcePeer peer, CancellationToken cancellationToken) => throw new IOException();

        public (Stream Stream, RemotePeer Remote) DialBlocking(Hash256 fingerprint, IPEndPoint endPoint, CancellationToken cancellationToken) => throw new IOException();
    }
}
