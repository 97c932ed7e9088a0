using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class ConnectionTableTests : ConnectionTest
{
    // Compared as hexadecimal text.
    private static readonly Hash256 Lesser = new(Enumerable.Repeat((byte)1, Hash256.Size).ToArray());
    private static readonly Hash256 Greater = new(Enumerable.Repeat((byte)2, Hash256.Size).ToArray());

    private readonly List<RawPeer> _remotes = [];
    private readonly FakeContent _content = new();

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Of_two_connections_the_one_that_the_lesser_fingerprint_dialled_stays(bool isLesser, bool dialledFirst)
    {
        var table = new ConnectionTable(isLesser ? Lesser : Greater, Context);
        var remote = isLesser ? Greater : Lesser;

        var first = Add(table, remote, dialledFirst);
        var second = Add(table, remote, !dialledFirst);

        var stays = first.IsDialled == isLesser ? first : second;
        var goes = stays == first ? second : first;
        Assert.True(goes is { IsEnding: true, IsDuplicate: true });
        Assert.False(stays.IsEnding);
        Assert.Same(stays, table.Find(remote));
    }

    [Fact]
    public void Connections_dialled_by_one_side_only_are_not_duplicates()
    {
        var table = new ConnectionTable(Lesser, Context);

        PeerConnection[] all = [Add(table, Greater, isDialled: true), Add(table, Greater, isDialled: true), Add(table, Own, isDialled: false)];

        Assert.DoesNotContain(all, connection => connection.IsEnding);
        Assert.Equal(3, table.Count);
    }

    [Fact]
    public void A_bulk_connection_is_never_a_duplicate_and_never_found()
    {
        var table = new ConnectionTable(Lesser, Context);
        var bulk = Add(table, Greater, isDialled: true, isBulk: true);
        Assert.Null(table.Find(Greater));

        var other = Add(table, Greater, isDialled: false);

        Assert.False(bulk.IsEnding);
        Assert.Same(other, table.Find(Greater));
    }

    [Fact]
    public void Bulk_connections_to_near_and_to_far_peers_are_counted_apart()
    {
        var table = new ConnectionTable(Lesser, Context);
        for (var i = 0; i < 3; i++)
        {
            Add(table, Greater, isDialled: true, isBulk: true);
        }

        Add(table, Greater, isDialled: true);

        Assert.Equal((3, 0), (table.CountBulk(isFar: false), table.CountBulk(isFar: true)));
    }

    [Fact]
    public async Task A_connection_that_ends_leaves_the_table()
    {
        var table = new ConnectionTable(Lesser, Context);
        var connection = Add(table, Greater, isDialled: true);

        connection.Dispose();

        await Eventually.HoldsAsync(() => table.Count == 0, "it is gone");
        Assert.Null(table.Find(Greater));
    }

    [Fact]
    public async Task A_quiet_connection_is_kept_alive_and_a_dead_one_dropped()
    {
        var table = new ConnectionTable(Lesser, Context);
        var connection = Add(table, Greater, isDialled: true);
        connection.Open(_content, Group, Listed());
        using var stopping = new CancellationTokenSource();
        var maintaining = table.MaintainAsync(stopping.Token);

        Clock.Advance(TimeSpan.FromSeconds(45));
        Assert.Equal([MessageId.Open, MessageId.HaveAll], [await NextAsync(), await NextAsync()]);
        Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(MessageId.KeepAlive, await NextAsync());
        Assert.False(connection.IsEnding);

        Clock.Advance(TimeSpan.FromSeconds(105));
        await Eventually.HoldsAsync(() => table.Count == 0, "no byte came for 155 seconds");

        await stopping.CancelAsync();
        await maintaining.WaitAsync(Limit);

        async Task<MessageId> NextAsync() => (await _remotes[0].ReceiveAsync())!.Value.Id;
    }

    [Fact]
    public async Task A_connection_without_channels_is_dropped_after_a_minute()
    {
        var table = new ConnectionTable(Lesser, Context);
        Add(table, Greater, isDialled: true);
        using var stopping = new CancellationTokenSource();
        var maintaining = table.MaintainAsync(stopping.Token);

        Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(1, table.Count);
        Clock.Advance(TimeSpan.FromSeconds(5));

        await Eventually.HoldsAsync(() => table.Count == 0, "it is dropped");
        await stopping.CancelAsync();
        await maintaining.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_peer_that_says_no_hello_in_time_is_dropped_whatever_else_it_sends()
    {
        var table = new ConnectionTable(Lesser, Context);
        var silent = Add(table, Greater, isDialled: false);
        var slow = Add(table, Own, isDialled: false);
        var hello = new byte[Frame.HeaderLength + 1 + 600];
        new HelloMessage(HelloMessage.CurrentVersion, new string('x', 600)).Write(hello);
        for (var second = 0; second < 9; second++)
        {
            await _remotes[0].SendAsync(new byte[4]);
            await _remotes[1].SendAsync(hello.AsMemory(second * 60, 60));
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(silent.IsEnding);
        Assert.False(slow.IsEnding);
        Clock.Advance(TimeSpan.FromSeconds(1));

        await Eventually.HoldsAsync(() => table.Count == 0, "both are gone");
        Assert.Contains("127.0.0.1:1002 was dropped: it did not show a valid ticket in time.", Log);
    }

    [Fact]
    public async Task A_peer_that_has_said_hello_is_not_dropped_for_it_and_one_that_was_dialled_neither()
    {
        var (table, connection, _) = await OpenedAsync();
        var dialled = Add(table, Own, isDialled: true);

        Clock.Advance(ConnectionTable.HelloTimeout * 2);

        Assert.False(connection.IsEnding);
        Assert.False(dialled.IsEnding);
    }

    [Fact]
    public async Task Thousands_of_silent_connections_keep_no_newcomer_out()
    {
        var table = new ConnectionTable(Lesser, Context);
        var silent = Enumerable.Range(0, 2050).Select(i => Arrive(table, new IPAddress(i + 1))).ToArray();
        await Eventually.HoldsAsync(() => table.Count == Admission.MaxUngreeted, "those without hello are bounded");
        Assert.Equal(Admission.MaxUngreeted, silent.Count(one => !one.IsEnding));

        var newcomer = Arrive(table, IPAddress.Parse("192.0.2.1"));
        await GreetAndOpenAsync(newcomer, _remotes[^1], _content);

        Assert.True(newcomer is { IsGreeted: true, IsEnding: false });
    }

    [Fact]
    public async Task A_peer_beyond_the_limit_of_its_user_is_refused_as_busy_and_later_taken()
    {
        Context.Admission.Limits = new ConnectionLimits { PerUser = 1 };
        var table = new ConnectionTable(Lesser, Context);
        var first = Arrive(table, IPAddress.Loopback);
        await GreetAndOpenAsync(first, _remotes[^1], _content);
        Arrive(table, IPAddress.Loopback, Greater);

        await _remotes[^1].SendHelloAsync(Issue(TicketFor(_content)));

        Assert.Equal(new CloseMessage(0, CloseReason.Busy), await _remotes[^1].ReceiveCloseAsync());
        first.Dispose();
        await Eventually.HoldsAsync(() => table.Count == 0, "both are gone");
        await GreetAndOpenAsync(Arrive(table, IPAddress.Loopback), _remotes[^1], _content);
    }

    [Fact]
    public async Task A_channel_ends_when_its_ticket_expires_and_was_not_renewed()
    {
        var (table, connection, remote) = await OpenedAsync();
        using var stopping = new CancellationTokenSource();
        var maintaining = table.MaintainAsync(stopping.Token);
        await SpeakEvery30SecondsAsync(connection, remote, TimeSpan.FromMinutes(10));
        Assert.Single(connection.Channels);

        // The clocks of two peers may differ by half a minute.
        await SpeakEvery30SecondsAsync(connection, remote, TimeSpan.FromSeconds(60));

        Assert.Equal(new CloseMessage(1, CloseReason.TicketExpired), await remote.ReceiveCloseAsync());
        await stopping.CancelAsync();
        await maintaining.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_revocation_ends_the_channels_of_its_user()
    {
        var (table, connection, remote) = await OpenedAsync();

        Assert.Empty(table.Revoke([]));
        Assert.Single(table.Revoke([RevocationFor(TestIds.Group("other"))]));
        Assert.Single(connection.Channels);
        Assert.Single(table.Revoke([RevocationFor(Group)]));

        Assert.Equal(new CloseMessage(1, CloseReason.TicketRefused), await remote.ReceiveCloseAsync());
        Assert.Empty(table.Revoke([RevocationFor(Group)]));
    }

    [Fact]
    public void A_revocation_ends_the_channels_that_this_side_opened_to_the_user()
    {
        var table = new ConnectionTable(Lesser, Context);
        var connection = Add(table, Greater, isDialled: true);
        connection.Open(_content, Group, Listed());

        table.Revoke([new Revocation(1, Group.Id, TestIds.Of("carol"), null, Clock.GetUtcNow())]);
        table.Revoke([new Revocation(2, null, UserId, TestIds.Of("another session"), Clock.GetUtcNow())]);
        Assert.Single(connection.Channels);
        table.Revoke([new Revocation(3, null, UserId, SessionId, Clock.GetUtcNow())]);

        Assert.Empty(connection.Channels);
    }

    [Fact]
    public async Task Uploads_drain_until_the_receiver_has_been_quiet_for_a_second()
    {
        var (table, _, remote) = await OpenedAsync();
        await remote.RequestAsync(new BlockRange(1, 0, 0, 100));
        Assert.Equal(MessageId.Piece, (await remote.ReceiveAsync())!.Value.Id);
        var buffer = new byte[20];
        await remote.SendAsync(buffer.AsMemory(0, BitfieldMessage.Write(buffer, MessageId.HaveNone, 1, [])));
        await Eventually.HoldsAsync(() => table.ActiveUploads == 1, "the upload counts as active");

        var draining = table.DrainUploadsAsync(TimeSpan.FromHours(1));
        await AdvanceAsync(() => draining.IsCompleted, TimeSpan.FromMilliseconds(100), most: 20);

        await draining.WaitAsync(Limit);
    }

    [Fact]
    public async Task Uploads_drain_no_longer_than_their_grace()
    {
        Context.UploadLimiter.Limit = 1;
        var (table, _, remote) = await OpenedAsync();
        await remote.RequestAsync(new BlockRange(1, 0, 0, 2000));
        await remote.RequestAsync(new BlockRange(1, 0, 0, 2000));
        await Eventually.HoldsAsync(() => table.WaitingBlocks == 1, "a block waits behind the first");

        Assert.True(table.DrainUploadsAsync(TimeSpan.Zero).IsCompletedSuccessfully);
        var draining = table.DrainUploadsAsync(TimeSpan.FromSeconds(5));
        Clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(draining.IsCompleted);
        await AdvanceAsync(() => draining.IsCompleted, TimeSpan.FromMilliseconds(100), most: 60);

        await draining.WaitAsync(Limit);
    }

    [Fact]
    public async Task Closing_tells_the_other_sides_why()
    {
        var table = new ConnectionTable(Lesser, Context);
        Add(table, Greater, isDialled: true);
        Add(table, Own, isDialled: false);

        await table.CloseAsync().WaitAsync(Limit);

        Assert.Equal(0, table.Count);
        foreach (var remote in _remotes)
        {
            Assert.Equal(new CloseMessage(0, CloseReason.ShuttingDown), await remote.ReceiveCloseAsync());
        }
    }

    private PeerConnection Add(ConnectionTable table, Hash256 remote, bool isDialled, bool isBulk = false)
    {
        var (near, far) = DuplexStream.CreatePair();
        _remotes.Add(new RawPeer(far));
        return table.Run(near, Remote(2) with { Fingerprint = remote }, isDialled, isBulk);
    }

    // The listener takes a place for it first.
    private PeerConnection Arrive(ConnectionTable table, IPAddress address, Hash256? fingerprint = null)
    {
        var (near, far) = DuplexStream.CreatePair();
        _remotes.Add(new RawPeer(far));
        var remote = Remote(2) with { Fingerprint = fingerprint ?? Hash256.Compute(address.GetAddressBytes()) };
        return table.Run(near, remote, isDialled: false, arrival: Context.Admission.Enter(address, () => { }));
    }

    private async Task<(ConnectionTable Table, PeerConnection Connection, RawPeer Remote)> OpenedAsync()
    {
        var table = new ConnectionTable(Lesser, Context);
        var connection = Add(table, Greater, isDialled: false);
        await GreetAndOpenAsync(connection, _remotes[0], _content);
        return (table, connection, _remotes[0]);
    }

    // A timer of the clock calls on another thread: the next step is taken when the one before was seen.
    private async Task AdvanceAsync(Func<bool> isDone, TimeSpan step, int most)
    {
        for (var i = 0; i < most && !isDone(); i++)
        {
            Clock.Advance(step);
            for (var turn = 0; turn < 100 && !isDone(); turn++)
            {
                await Task.Yield();
            }
        }
    }

    private async Task SpeakEvery30SecondsAsync(PeerConnection connection, RawPeer remote, TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(30))
        {
            Clock.Advance(TimeSpan.FromSeconds(30));
            await remote.SendAsync(new byte[4]);
            await Eventually.HoldsAsync(() => connection.Idle == TimeSpan.Zero || connection.IsEnding, "the keep-alive has come");
        }
    }
}
