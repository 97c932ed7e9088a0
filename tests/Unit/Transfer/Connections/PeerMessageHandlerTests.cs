using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>What a connection does with each message, and what it refuses.</summary>
public sealed class PeerMessageHandlerTests : ConnectionTest
{
    private readonly FakeContent _content = new();

    public static TheoryData<MessageId> BeforeHello =>
        [.. Enum.GetValues<MessageId>().Except([MessageId.Hello, MessageId.KeepAlive])];

    [Theory]
    [MemberData(nameof(BeforeHello))]
    public void The_dialling_side_must_say_hello_before_anything_else(MessageId id)
    {
        var error = Assert.Throws<WireException>(() => new PeerMessageHandler(Idle(), Context).RequireHello(id));
        Assert.Equal($"{id} came before hello.", error.Message);
        new PeerMessageHandler(Idle(), Context).RequireHello(MessageId.KeepAlive);
        new PeerMessageHandler(Idle(), Context).RequireHello(MessageId.Hello);
        // This side has dialled, and shows its ticket itself.
        new PeerMessageHandler(Idle(isDialled: true), Context).RequireHello(id);
    }

    [Fact]
    public async Task A_valid_hello_lets_other_messages_through()
    {
        var connection = Idle();
        var handler = new PeerMessageHandler(connection, Context);

        Assert.True(await handler.GreetAsync(new HelloMessage(HelloMessage.CurrentVersion, Issue(TicketFor(_content)))));

        handler.RequireHello(MessageId.Open);
        Assert.Equal(User, connection.Tickets.Find(_content.PiecesRoot, Group.Id)[0].UserName);
        Assert.Empty(connection.Tickets.Find(Own, Group.Id));
    }

    [Fact]
    public async Task An_unknown_version_ends_the_connection()
    {
        var (_, remote, running) = Run();
        var buffer = new byte[100];
        await remote.SendAsync(buffer.AsMemory(0, new HelloMessage(HelloMessage.CurrentVersion + 1, "ticket").Write(buffer)));

        Assert.Equal(new CloseMessage(0, CloseReason.VersionUnknown), await remote.ReceiveCloseAsync());
        await running.WaitAsync(Limit);
    }

    [Theory]
    [InlineData("not a ticket")]
    [InlineData(null)]
    public async Task An_invalid_ticket_ends_the_connection(string? token)
    {
        var (_, remote, running) = Run();
        // Else: of another certificate.
        await remote.SendHelloAsync(token ?? Issue(TicketFor(_content) with { CertificateHash = Own }));

        Assert.Equal(new CloseMessage(0, CloseReason.TicketRefused), await remote.ReceiveCloseAsync());
        await running.WaitAsync(Limit);
        Assert.StartsWith("127.0.0.1:1002 was refused: ", Assert.Single(Log), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, 2u)]
    [InlineData(true, 1u)]
    public void A_channel_of_the_wrong_parity_breaks_the_protocol(bool isDialled, uint channel) =>
        Assert.Throws<WireException>(() => Handle(Idle(isDialled), Open(channel)));

    [Fact]
    public void Channel_0_cannot_be_opened() => Assert.Throws<WireException>(() => Handle(Idle(), Open(0)));

    [Fact]
    public void A_channel_cannot_be_opened_twice()
    {
        var connection = Opened();

        Assert.Throws<WireException>(() => Handle(connection, Open(1)));
    }

    [Fact]
    public async Task Opening_is_refused_without_a_ticket()
    {
        var (_, remote, _) = await GreetAsync();
        await remote.OpenAsync(3, Own);

        Assert.Equal(new CloseMessage(3, CloseReason.TicketRefused), await remote.ReceiveCloseAsync());
    }

    [Fact]
    public async Task Opening_is_refused_when_the_access_was_revoked()
    {
        var (_, remote, _) = await GreetAsync();
        Access.Add([RevocationFor(Group)]);
        await remote.OpenAsync(1, _content.PiecesRoot);

        Assert.Equal(new CloseMessage(1, CloseReason.TicketRefused), await remote.ReceiveCloseAsync());
    }

    [Fact]
    public async Task Opening_is_refused_when_the_ticket_has_expired()
    {
        var (_, remote, _) = await GreetAsync();
        Clock.Advance(TimeSpan.FromMinutes(11));
        await remote.OpenAsync(1, _content.PiecesRoot);

        Assert.Equal(new CloseMessage(1, CloseReason.TicketExpired), await remote.ReceiveCloseAsync());
    }

    [Fact]
    public async Task Opening_is_refused_when_the_content_is_not_offered_in_the_group()
    {
        var (_, remote, _) = await GreetAsync(TestIds.Group("another group"));
        await remote.OpenAsync(1, _content.PiecesRoot);

        Assert.Equal(new CloseMessage(1, CloseReason.NotOffered), await remote.ReceiveCloseAsync());
    }

    [Fact]
    public async Task Opening_is_refused_beyond_1024_channels()
    {
        var (connection, remote, _) = await GreetAsync();
        var other = new FakeContent(pieces: 5);
        for (var channel = 0u; channel < 1024; channel++)
        {
            connection.Add(new ContentChannel(connection, Context, 3 + 2 * channel, other, Group, TicketFor(other)));
        }

        await remote.OpenAsync(1, _content.PiecesRoot);

        Assert.Equal(new CloseMessage(1, CloseReason.Busy), await remote.ReceiveCloseAsync());
    }

    [Fact]
    public async Task A_side_has_a_content_open_once_in_each_group()
    {
        var other = TestIds.Group("other");
        var (connection, remote, _) = await GreetAsync();
        await remote.OpenAsync(1, _content.PiecesRoot);
        Assert.Equal(MessageId.HaveAll, (await remote.ReceiveAsync())!.Value.Id);

        for (uint channel = 3; channel < 2048; channel += 2)
        {
            await remote.OpenAsync(channel, _content.PiecesRoot);
            Assert.Equal(new CloseMessage(channel, CloseReason.Busy), await remote.ReceiveCloseAsync());
        }

        Assert.Equal(1u, Assert.Single(connection.Channels).Id);
        Contents.Offer(_content, other);
        await remote.SendHelloAsync(Issue(TicketFor(_content) with { GroupId = other.Id, GroupName = other.Name }));
        await remote.OpenAsync(2049, _content.PiecesRoot, other.Id);
        Assert.Equal(MessageId.HaveAll, (await remote.ReceiveAsync())!.Value.Id);
    }

    [Fact]
    public async Task A_content_that_was_closed_can_be_opened_again()
    {
        var (_, remote, _) = await GreetAsync();
        var close = new byte[Frame.HeaderLength + 5];
        for (uint channel = 1; channel < 7; channel += 2)
        {
            await remote.OpenAsync(channel, _content.PiecesRoot);
            Assert.Equal(MessageId.HaveAll, (await remote.ReceiveAsync())!.Value.Id);
            await remote.SendAsync(close.AsMemory(0, new CloseMessage(channel, CloseReason.Done).Write(close)));
        }
    }

    [Fact]
    public async Task What_this_side_has_opened_the_other_side_may_open_too()
    {
        var (connection, remote, _) = await GreetAsync();
        connection.Open(_content, Group, Listed());
        Assert.Equal(MessageId.Open, (await remote.ReceiveAsync())!.Value.Id);
        Assert.Equal(MessageId.HaveAll, (await remote.ReceiveAsync())!.Value.Id);

        await remote.OpenAsync(1, _content.PiecesRoot);

        Assert.Equal(MessageId.HaveAll, (await remote.ReceiveAsync())!.Value.Id);
        Assert.Equal([1u, 2u], connection.Channels.Select(channel => channel.Id).Order());
    }

    [Theory]
    [InlineData(0, MessageId.HaveNone, 0)]
    [InlineData(2, MessageId.Bitfield, 1)]
    [InlineData(4, MessageId.HaveAll, 0)]
    public async Task An_opened_channel_gets_the_bitfield_and_goes_to_the_running_download(int have, MessageId id, int bytes)
    {
        for (var piece = have; piece < 4; piece++)
        {
            _content.Have.Clear(piece);
        }

        var (connection, remote, _) = await GreetAsync();
        await remote.OpenAsync(1, _content.PiecesRoot);

        var (received, body) = (await remote.ReceiveAsync())!.Value;
        Assert.Equal((id, 4 + bytes), (received, body.Length));
        await Eventually.HoldsAsync(() => _content.Accepted.Count == 1, "the download has the channel");
        var channel = Assert.Single(_content.Channels);
        Assert.Same(channel, connection.Find(1));
        Assert.Equal((Group, User), (channel.Group, channel.UserName));
    }

    [Theory]
    [InlineData(MessageId.HaveAll, new byte[0], 4)]
    [InlineData(MessageId.HaveNone, new byte[0], 0)]
    [InlineData(MessageId.Bitfield, new byte[] { 0b1010_0000 }, 2)]
    public void A_bitfield_is_kept_and_reported(MessageId id, byte[] bits, int count)
    {
        var connection = Opened();
        var listener = Listen(connection);

        Handle(connection, Bits(id, bits));

        Assert.Equal(count, connection.Find(1)!.RemoteHas!.Count);
        Assert.Equal(count, _content.RemoteHaves.Count);
        Assert.Equal([$"bitfield {count}"], listener.Calls);
    }

    [Fact]
    public void A_second_bitfield_breaks_the_protocol()
    {
        var connection = Opened();
        Handle(connection, Bits(MessageId.HaveAll));

        Assert.Throws<WireException>(() => Handle(connection, Bits(MessageId.HaveAll)));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 0b0000_1000 })]
    public void A_bitfield_of_another_length_breaks_the_protocol(byte[] bits) =>
        Assert.Throws<WireException>(() => Handle(Opened(), Bits(MessageId.Bitfield, bits)));

    [Fact]
    public void Haves_before_the_bitfield_break_the_protocol() => Assert.Throws<WireException>(() => Handle(Opened(), Have(0)));

    [Fact]
    public void A_have_beyond_the_last_piece_breaks_the_protocol()
    {
        var connection = Opened();
        Handle(connection, Bits(MessageId.HaveNone));

        Assert.Throws<WireException>(() => Handle(connection, Have(4)));
    }

    [Fact]
    public void Haves_go_to_the_download_that_listens()
    {
        var connection = Opened();
        var listener = Listen(connection);
        Handle(connection, Bits(MessageId.HaveNone));

        Handle(connection, Have(1, 3));

        Assert.Equal(["bitfield 0", "haves 1,3"], listener.Calls);
        Assert.Equal([1, 3], _content.RemoteHaves);
    }

    [Fact]
    public void Haves_without_a_download_are_kept()
    {
        var connection = Opened();
        Handle(connection, Bits(MessageId.HaveNone));

        Handle(connection, Have(0, 1, 2, 3));

        Assert.True(connection.Find(1)!.RemoteHas!.IsComplete);
    }

    [Fact]
    public void A_channel_of_this_side_ends_when_the_other_side_has_everything()
    {
        var connection = Idle(isDialled: true);
        var channel = connection.Open(_content, Group, Listed());
        Handle(connection, Bits(MessageId.HaveNone));
        Handle(connection, Have(0, 1, 2));
        Assert.Same(channel, connection.Find(1));

        Handle(connection, Have(3));

        Assert.Null(connection.Find(1));
        Assert.Empty(_content.Channels);
    }

    [Theory]
    [InlineData(4, 0, 1000)]
    [InlineData(3, 1, 1000)]
    [InlineData(0, 64 * 1024 - 1, 2)]
    public void A_request_beyond_a_piece_breaks_the_protocol(int piece, int begin, int count) =>
        Assert.Throws<WireException>(() => Handle(Opened(), Range(MessageId.Request, new BlockRange(1, piece, begin, count))));

    [Fact]
    public async Task A_requested_block_is_sent()
    {
        var (connection, remote, _) = Run();
        await GreetAndOpenAsync(connection, remote, _content);

        await remote.RequestAsync(new BlockRange(1, 3, 100, 900));

        var (id, body) = (await remote.ReceiveAsync())!.Value;
        Assert.Equal(MessageId.Piece, id);
        Assert.Equal(new PieceHeader(1, 3, 100), PieceHeader.Read(body));
        Assert.Equal(FakeContent.Bytes(3 * 64 * 1024 + 100, 900), body[PieceHeader.Length..]);
    }

    [Fact]
    public async Task Requests_that_cannot_be_served_are_rejected()
    {
        var (connection, remote, _) = Run();
        await GreetAndOpenAsync(connection, remote, _content);
        _content.Have.Clear(2);
        BlockRange[] ranges = [new(9, 0, 0, 10), new(1, 2, 0, 10)];

        foreach (var range in ranges)
        {
            await remote.RequestAsync(range);
            var (id, body) = (await remote.ReceiveAsync())!.Value;
            Assert.Equal((MessageId.Reject, range), (id, BlockRange.Read(body)));
        }

        Assert.Empty(_content.Deferred);
    }

    [Fact]
    public async Task A_request_that_super_seeding_refuses_is_rejected_and_deferred()
    {
        var (connection, remote, _) = Run();
        await GreetAndOpenAsync(connection, remote, _content);
        _content.AssignedElsewhere.Add(1);

        await remote.RequestAsync(new BlockRange(1, 1, 0, 10));

        Assert.Equal(MessageId.Reject, (await remote.ReceiveAsync())!.Value.Id);
        await Eventually.HoldsAsync(() => _content.Deferred is [1], "the piece is deferred");
    }

    [Fact]
    public async Task Only_a_block_that_waits_is_cancelled()
    {
        Context.UploadLimiter.Limit = 1;
        var (connection, remote, _) = Run();
        await GreetAndOpenAsync(connection, remote, _content);
        var (first, second) = (new BlockRange(1, 0, 0, 5000), new BlockRange(1, 1, 0, 10));
        // The limit holds up the first block, and the second behind it.
        await remote.RequestAsync(first);
        await remote.RequestAsync(second);
        await Eventually.HoldsAsync(() => connection.WaitingBlocks == 1, "the first block is being sent");

        Assert.False(connection.TryRemoveBlock(first));
        await remote.SendAsync(second, MessageId.Cancel);
        await remote.SendAsync(second, MessageId.Cancel);
        await Eventually.HoldsAsync(() => connection.WaitingBlocks == 0, "the second block is removed");
        Context.UploadLimiter.Limit = null;

        Assert.Equal(MessageId.Piece, (await remote.ReceiveAsync())!.Value.Id);
        var (id, body) = (await remote.ReceiveAsync())!.Value;
        Assert.Equal((MessageId.Reject, second), (id, BlockRange.Read(body)));
        await remote.RequestAsync(second with { Count = 3 });
        Assert.Equal(MessageId.Piece, (await remote.ReceiveAsync())!.Value.Id);
    }

    [Theory]
    [InlineData(1u, 0, 4, true)]
    [InlineData(1u, 3, 1, true)]
    [InlineData(1u, 3, 2, false)]
    [InlineData(7u, 0, 1, false)]
    public async Task Hashes_within_the_piece_layer_are_sent(uint channel, int index, int count, bool isSent)
    {
        var (connection, remote, _) = Run();
        await GreetAndOpenAsync(connection, remote, _content);
        var range = new HashRange(channel, index, count);
        var buffer = new byte[Frame.HeaderLength + HashRange.Length];

        await remote.SendAsync(buffer.AsMemory(0, range.Write(buffer, MessageId.HashRequest)));

        var (id, body) = (await remote.ReceiveAsync())!.Value;
        Assert.Equal((isSent ? MessageId.Hashes : MessageId.HashReject, range), (id, HashRange.Read(body)));
        if (isSent)
        {
            Assert.Equal(_content.PieceLayer.Skip(index).Take(count), range.ReadHashes(body));
        }
    }

    // Three pieces of 4 blocks, and one of a block: layers of 13 and 7 nodes.
    [Theory]
    [InlineData(1u, 0, 4, 4, true)]
    [InlineData(1u, 1, 3, 1, true)]
    [InlineData(1u, 1, 6, 1, true)]
    [InlineData(7u, 0, 0, 1, false)]
    public async Task Hashes_below_the_piece_layer_are_sent(uint channel, int height, int index, int count, bool isSent)
    {
        var (connection, remote, _) = Run();
        var content = WithTrueLayer(out var trees);
        await GreetAndOpenAsync(connection, remote, content);
        var range = new TreeRange(channel, height, index, count);

        await remote.SendAsync(Tree(range));

        var (id, body) = (await remote.ReceiveAsync())!.Value;
        Assert.Equal((isSent ? MessageId.TreeHashes : MessageId.TreeReject, range), (id, TreeRange.Read(body)));
        if (isSent)
        {
            var piece = index >> (2 - height);
            Assert.Equal(trees[piece].Layer(height).Slice(index - (piece << (2 - height)), count).ToArray(), range.ReadHashes(body));
        }
    }

    [Fact]
    public async Task Hashes_of_a_piece_that_is_not_there_are_refused()
    {
        var (connection, remote, _) = Run();
        var content = WithTrueLayer(out var _);
        content.Have.Clear(1);
        await GreetAndOpenAsync(connection, remote, content);

        await remote.SendAsync(Tree(new TreeRange(1, 0, 4, 4)));

        Assert.Equal(MessageId.TreeReject, (await remote.ReceiveAsync())!.Value.Id);
    }

    [Fact]
    public async Task Hashes_of_a_file_with_other_bytes_are_not_sent_and_it_is_not_offered_any_longer()
    {
        var (connection, remote, _) = Run();
        // Its piece layer is that of other bytes.
        await GreetAndOpenAsync(connection, remote, _content);

        await remote.SendAsync(Tree(new TreeRange(1, 0, 4, 4)));

        Assert.Equal(MessageId.TreeReject, (await remote.ReceiveAsync())!.Value.Id);
        Assert.Equal(ErrorCode.SourceFileChanged, Assert.IsType<P2PShareException>(Assert.Single(Contents.Unreadable).Problem).Code);
    }

    [Theory]
    [InlineData(0, 3, 2)]
    [InlineData(0, 12, 2)]
    [InlineData(0, 16, 1)]
    [InlineData(1, 7, 1)]
    [InlineData(2, 0, 1)]
    [InlineData(9, 0, 1)]
    public void A_tree_request_for_nodes_that_are_not_in_one_piece_breaks_the_protocol(int height, int index, int count)
    {
        var connection = Opened();

        Assert.Throws<WireException>(() => Handle(connection, Tree(new TreeRange(1, height, index, count))));
    }

    [Fact]
    public void Answers_go_to_the_download_that_listens()
    {
        var connection = Opened();
        var listener = Listen(connection);
        var buffer = new byte[200];

        Handle(connection, Range(MessageId.Reject, new BlockRange(1, 2, 0, 10)));
        Handle(connection, buffer[..new HashRange(1, 1, 2).Write(buffer, [Own, Own])]);
        Handle(connection, buffer[..new HashRange(1, 0, 4).Write(buffer, MessageId.HashReject)]);

        Handle(connection, buffer[..new TreeRange(1, 1, 4, 2).Write(buffer, [Own, Own])]);
        Handle(connection, Tree(new TreeRange(1, 0, 4, 3), MessageId.TreeReject));

        Assert.Equal(["reject 2", "hashes 1+2", "hashes rejected", "tree 1:4+2", "tree rejected 0:4+3"], listener.Calls);
    }

    [Fact]
    public void Messages_for_a_channel_that_was_closed_are_ignored()
    {
        var connection = Idle();
        var buffer = new byte[200];

        Handle(connection, Bits(MessageId.HaveAll));
        Handle(connection, Have(0));
        Handle(connection, Range(MessageId.Reject, new BlockRange(1, 2, 0, 10)));
        Handle(connection, buffer[..new HashRange(1, 1, 2).Write(buffer, [Own, Own])]);
        Handle(connection, buffer[..new HashRange(1, 0, 4).Write(buffer, MessageId.HashReject)]);
        Handle(connection, buffer[..new TreeRange(1, 1, 4, 2).Write(buffer, [Own, Own])]);
        Handle(connection, Tree(new TreeRange(1, 0, 4, 3), MessageId.TreeReject));
        Handle(connection, Close(1, CloseReason.Done));

        Assert.Empty(connection.Channels);
    }

    [Theory]
    [InlineData(MessageId.Hello)]
    [InlineData(MessageId.Piece)]
    public void Hello_and_piece_are_not_for_this_handler(MessageId id) =>
        Assert.Throws<WireException>(() => new PeerMessageHandler(Idle(), Context).Handle(id, new byte[20]));

    [Fact]
    public void A_closed_channel_is_dropped_and_its_download_told_why()
    {
        var connection = Opened();
        var listener = Listen(connection);

        Assert.True(Handle(connection, Close(1, CloseReason.Busy)));

        Assert.Equal(["refused Busy", "lost"], listener.Calls);
        Assert.Null(connection.Find(1));
        Assert.False(connection.IsEnding);
    }

    [Theory]
    [InlineData(CloseReason.ProtocolError, true)]
    [InlineData(CloseReason.TicketRefused, true)]
    [InlineData(CloseReason.Done, false)]
    [InlineData(CloseReason.ShuttingDown, false)]
    [InlineData(CloseReason.Duplicate, false)]
    public void A_closed_connection_tells_the_downloads_if_the_reason_concerns_them(CloseReason reason, bool isTold)
    {
        var connection = Opened();
        var listener = Listen(connection);

        Assert.False(Handle(connection, Close(0, reason)));

        Assert.Equal(reason, connection.RemoteReason);
        Assert.True(connection.IsEnding);
        Assert.Equal(reason == CloseReason.Duplicate, connection.IsDuplicate);
        Assert.Equal(isTold ? [$"refused {reason}"] : [], listener.Calls);
    }

    private static byte[] Open(uint channel)
    {
        var frame = new byte[Frame.HeaderLength + OpenMessage.Length];
        new OpenMessage(channel, Own, Group.Id).Write(frame);
        return frame;
    }

    private static byte[] Close(uint channel, CloseReason reason)
    {
        var frame = new byte[Frame.HeaderLength + CloseMessage.Length];
        new CloseMessage(channel, reason).Write(frame);
        return frame;
    }

    private static byte[] Bits(MessageId id, params byte[] bits)
    {
        var frame = new byte[Frame.HeaderLength + 4 + bits.Length];
        BitfieldMessage.Write(frame, id, 1, bits);
        return frame;
    }

    private static byte[] Have(params int[] pieces)
    {
        var frame = new byte[Frame.HeaderLength + 4 + 4 * pieces.Length];
        HaveMessage.Write(frame, 1, pieces);
        return frame;
    }

    private static byte[] Range(MessageId id, BlockRange range)
    {
        var frame = new byte[Frame.HeaderLength + BlockRange.Length];
        range.Write(frame, id);
        return frame;
    }

    private static FakeListener Listen(PeerConnection connection)
    {
        var listener = new FakeListener();
        connection.Find(1)!.SetListener(listener);
        return listener;
    }

    private bool Handle(PeerConnection connection, byte[] frame) =>
        new PeerMessageHandler(connection, Context).Handle((MessageId)frame[4], frame.AsSpan(Frame.HeaderLength));

    // With a channel that the other side has opened.
    private PeerConnection Opened()
    {
        var connection = Idle();
        connection.Add(new ContentChannel(connection, Context, 1, _content, Group, TicketFor(_content)));
        return connection;
    }

    private async Task<(PeerConnection Connection, RawPeer Remote, Task Running)> GreetAsync(GroupIdentity? offeredIn = null)
    {
        Contents.Offer(_content, offeredIn ?? Group);
        var run = Run();
        await run.Remote.SendHelloAsync(Issue(TicketFor(_content)));
        await Eventually.HoldsAsync(() => run.Connection.IsGreeted, "the ticket is known");
        return run;
    }

    private static byte[] Tree(TreeRange range, MessageId id = MessageId.TreeRequest)
    {
        var buffer = new byte[Frame.HeaderLength + TreeRange.Length];
        range.Write(buffer, id);
        return buffer;
    }

    private static FakeContent WithTrueLayer(out PieceTree[] trees)
    {
        var content = new FakeContent(number: 8);
        trees = [.. Enumerable.Range(0, content.Description.PieceCount).Select(piece =>
        {
            var leaves = new Hash256[PieceTree.CountLeaves(content.Description, piece)];
            HashTree.HashBlocks(FakeContent.Bytes((long)piece * content.Description.PieceLength, content.Description.PieceSize(piece)), leaves);
            return new PieceTree(leaves, PieceTree.HeightOf(content.Description));
        })];
        return new FakeContent(number: 8) { PieceLayer = [.. trees.Select(tree => tree.Root)] };
    }
}
