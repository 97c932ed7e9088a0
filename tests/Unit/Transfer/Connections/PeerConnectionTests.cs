using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class PeerConnectionTests : ConnectionTest
{
    private readonly FakeContent _content = new();

    [Fact]
    public async Task A_ticket_is_shown_once_and_a_new_one_again()
    {
        var (connection, remote, _) = Run(isDialled: true);

        connection.SendHello("first");
        connection.SendHello("first");
        connection.SendHello("second");

        Assert.Equal(["first", "second"], [await ReadHelloAsync(), await ReadHelloAsync()]);

        async Task<string> ReadHelloAsync()
        {
            var (id, body) = (await remote.ReceiveAsync())!.Value;
            Assert.Equal(MessageId.Hello, id);
            return HelloMessage.Read(body).Ticket;
        }
    }

    [Theory]
    [InlineData(true, 1u)]
    [InlineData(false, 2u)]
    public async Task Each_side_opens_channels_of_its_own_parity(bool isDialled, uint first)
    {
        var (connection, remote, _) = Run(isDialled);

        var opened = connection.Open(_content, Group, Listed());
        Assert.Same(opened, connection.Open(_content, Group, Listed()));
        var other = connection.Open(new FakeContent(pieces: 7), Group, Listed());

        Assert.Equal((first, first + 2), (opened.Id, other.Id));
        Assert.Null(opened.UserName);
        var (id, body) = (await remote.ReceiveAsync())!.Value;
        Assert.Equal((MessageId.Open, new OpenMessage(first, _content.PiecesRoot, Group.Id)), (id, OpenMessage.Read(body)));
        Assert.Equal(MessageId.HaveAll, (await remote.ReceiveAsync())!.Value.Id);
        Assert.Same(opened, Assert.Single(_content.Channels));
    }

    [Fact]
    public async Task Requests_and_keep_alives_are_sent_in_their_order()
    {
        var (connection, remote, _) = Run(isDialled: true);
        var range = new BlockRange(1, 2, 0, 100);

        connection.Send(range, MessageId.Request);
        connection.SendKeepAlive();
        connection.Cancel(range);
        connection.RequestHashes(new HashRange(1, 0, 4));

        Assert.Equal(
            [MessageId.Request, MessageId.KeepAlive, MessageId.Cancel, MessageId.HashRequest],
            [await NextAsync(), await NextAsync(), await NextAsync(), await NextAsync()]);

        async Task<MessageId> NextAsync() => (await remote.ReceiveAsync())!.Value.Id;
    }

    [Fact]
    public async Task Haves_follow_the_bitfield_and_never_come_before_it()
    {
        var (connection, remote, _) = Run();
        var channel = new ContentChannel(connection, Context, 1, _content, Group, TicketFor(_content));
        connection.Add(channel);

        channel.SendHaves([1]);
        channel.SendBitfield();
        int[] pieces = [.. Enumerable.Range(0, 100)];
        channel.SendHaves(pieces);

        Assert.Equal(MessageId.HaveAll, (await remote.ReceiveAsync())!.Value.Id);
        // Of a hundred pieces, 64 in the first message.
        var (first, second) = ((await remote.ReceiveAsync())!.Value, (await remote.ReceiveAsync())!.Value);
        Assert.Equal(pieces[..64], HaveMessage.Read(first.Body).Pieces);
        Assert.Equal(pieces[64..], HaveMessage.Read(second.Body).Pieces);
    }

    [Fact]
    public async Task A_closed_connection_sends_its_reason_and_what_waited_before_it()
    {
        var (connection, remote, running) = Run();
        connection.SendKeepAlive();

        connection.Close(CloseReason.ShuttingDown);

        Assert.Equal(MessageId.KeepAlive, (await remote.ReceiveAsync())!.Value.Id);
        Assert.Equal(new CloseMessage(0, CloseReason.ShuttingDown), await remote.ReceiveCloseAsync());
        Assert.Null(await remote.ReceiveAsync());
        await running.WaitAsync(Limit);
        Assert.True(connection is { IsEnding: true, IsClosed: true, IsDuplicate: false });
    }

    [Fact]
    public async Task A_connection_that_ends_loses_its_channels()
    {
        var (connection, remote, running) = Run();
        var channel = await GreetAndOpenAsync(connection, remote, _content);
        var listener = new FakeListener();
        Assert.Null(channel.SetListener(listener));

        await remote.DisposeAsync();

        await running.WaitAsync(Limit);
        Assert.Equal(["lost"], listener.Calls);
        Assert.Empty(_content.Channels);
        Assert.Empty(connection.Channels);
    }

    [Fact]
    public async Task What_a_peer_fetched_is_reported_when_its_channel_ends()
    {
        var (connection, remote, _) = Run();
        await GreetAndOpenAsync(connection, remote, _content);
        await remote.RequestAsync(new BlockRange(1, 0, 0, 60_000));
        Assert.Equal(MessageId.Piece, (await remote.ReceiveAsync())!.Value.Id);
        Clock.Advance(TimeSpan.FromSeconds(3));
        _content.Name = null;

        var buffer = new byte[20];
        await remote.SendAsync(buffer.AsMemory(0, new CloseMessage(1, CloseReason.Done).Write(buffer)));

        await Eventually.HoldsAsync(() => !Uploads.IsEmpty, "the upload is reported");
        var upload = Assert.Single(Uploads);
        Assert.Equal((Group.Name, "file.bin", User, 60_000, false), (upload.Group, upload.FileName, upload.UserName, upload.Bytes, upload.Complete));
        Assert.Equal((Remote(2).Fingerprint, Remote(2).EndPoint, _content.PiecesRoot), (upload.Fingerprint, upload.EndPoint, upload.PiecesRoot));
        Assert.Equal(TimeSpan.FromSeconds(3), upload.Duration);
        Assert.Equal(60_000, Context.Metrics.BytesUploaded);
    }

    [Fact]
    public async Task A_channel_over_which_nothing_was_fetched_is_not_reported()
    {
        var (connection, remote, _) = Run();
        var channel = await GreetAndOpenAsync(connection, remote, _content);

        connection.Close(channel, CloseReason.NotOffered);
        connection.Close(channel, CloseReason.NotOffered);

        Assert.Equal(new CloseMessage(1, CloseReason.NotOffered), await remote.ReceiveCloseAsync());
        Assert.Empty(Uploads);
        connection.SendKeepAlive();
        Assert.Equal(MessageId.KeepAlive, (await remote.ReceiveAsync())!.Value.Id);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_is_dropped_when_256_KiB_wait()
    {
        var (connection, _, running) = Run(buffered: 1024);
        var frame = new byte[100_000];
        // What waits when the writer takes a first batch no longer counts, so twice as much is enough in any case.

        for (var i = 0; i < 6 && !connection.IsClosed; i++)
        {
            connection.Send(frame);
        }

        Assert.True(connection.IsClosed);
        await running.WaitAsync(Limit);
        Assert.Contains("127.0.0.1:1002 was dropped: it does not read what it requests.", Log);
    }

    [Fact]
    public async Task A_content_that_cannot_be_read_is_reported_and_its_block_rejected()
    {
        var (connection, remote, _) = Run();
        await GreetAndOpenAsync(connection, remote, _content);
        var problem = new P2PShareException(ErrorCode.SourceFileChanged, "Changed.");
        _content.Broken = (0, problem);

        await remote.RequestAsync(new BlockRange(1, 0, 0, 100));

        Assert.Equal(MessageId.Reject, (await remote.ReceiveAsync())!.Value.Id);
        await Eventually.HoldsAsync(() => !Contents.Unreadable.IsEmpty, "the content is reported");
        Assert.Equal((_content, problem), Assert.Single(Contents.Unreadable));
        Assert.Empty(Uploads);
    }

    [Fact]
    public void A_listener_that_comes_late_gets_the_bitfield_that_came_before()
    {
        var channel = new ContentChannel(Idle(), Context, 1, _content, Group, TicketFor(_content));
        var has = new Bitfield(4);

        Assert.Null(channel.SetRemoteHas(has));
        Assert.Same(has, channel.SetListener(new FakeListener()));
        Assert.NotNull(channel.Listener);
        channel.ClearListener();
        Assert.Null(channel.Listener);
    }

    [Fact]
    public async Task Idle_times_grow_until_bytes_come()
    {
        var (connection, remote, _) = Run(isDialled: true);
        connection.Open(_content, Group, Listed()).SetListener(new FakeListener());
        Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10)), (connection.Idle, connection.PieceIdle));

        await remote.HaveAllAsync(1);
        await Eventually.HoldsAsync(() => connection.Idle == TimeSpan.Zero, "the message has come");
        // A message is not a piece.
        Assert.Equal(TimeSpan.FromSeconds(10), connection.PieceIdle);
    }

    [Fact]
    public async Task A_disposed_connection_ends_at_once()
    {
        var (connection, _, running) = Run();

        connection.Dispose();

        await running.WaitAsync(Limit);
        Assert.True(connection.IsClosed);
    }
}
