using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>What a connection answers to a peer that gets whole contents, and what it refuses.</summary>
public sealed class ContentAnswersTests : ConnectionTest
{
    private readonly FakeContent[] _contents = [.. Enumerable.Range(0, 3).Select(number => new FakeContent(pieces: 1, lastPiece: 1000 + number, number: 100 + number))];

    [Fact]
    public async Task Each_content_comes_whole_and_counts_as_an_upload()
    {
        var remote = await GreetAsync(_contents);

        await GetAsync(remote, _contents);

        foreach (var content in _contents)
        {
            var (id, body) = (await remote.ReceiveAsync())!.Value;
            Assert.Equal((MessageId.Content, content.PiecesRoot), (id, ContentMessage.ReadRoot(body)));
            Assert.Equal(FakeContent.Bytes(0, (int)content.Description.Size), body[Hash256.Size..]);
        }

        await Eventually.HoldsAsync(() => Uploads.Count == 3, "the uploads are reported");
        Assert.Equal(_contents.Select(content => (content.PiecesRoot, content.Description.Size)), Uploads.Select(upload => (upload.PiecesRoot, upload.Bytes)));
        Assert.All(Uploads, upload => Assert.Equal(
            (Group.Name, "file.bin", User, Remote(2).Fingerprint, true), (upload.Group, upload.FileName, upload.UserName, upload.Fingerprint, upload.Complete)));
        Assert.Equal(3003, Context.Metrics.BytesUploaded);
    }

    [Fact]
    public async Task A_content_that_no_ticket_covers_is_refused_and_the_others_come()
    {
        var remote = await GreetAsync(_contents[..2]);
        Contents.Offer(_contents[2], Group);

        await GetAsync(remote, [_contents[2], _contents[0]]);

        // In any order.
        var answers = new[] { (await remote.ReceiveAsync())!.Value, (await remote.ReceiveAsync())!.Value };
        var (why, roots) = GetRejectMessage.Read(Assert.Single(answers, answer => answer.Id == MessageId.GetReject).Body);
        Assert.Equal(CloseReason.TicketRefused, why);
        Assert.Equal([_contents[2].PiecesRoot], roots);
        Assert.Single(answers, answer => answer.Id == MessageId.Content);
    }

    [Fact]
    public async Task A_ticket_of_another_group_opens_nothing()
    {
        var remote = await GreetAsync(_contents);
        Contents.Offer(_contents[0], TestIds.Group("other"));

        await GetAsync(remote, [_contents[0]], TestIds.Group("other").Id);

        await AssertRefusedAsync(remote, CloseReason.TicketRefused, _contents[0]);
    }

    [Fact]
    public async Task An_expired_ticket_opens_nothing()
    {
        var remote = await GreetAsync(_contents);
        Clock.Advance(TimeSpan.FromMinutes(11));

        await GetAsync(remote, [_contents[0]]);

        await AssertRefusedAsync(remote, CloseReason.TicketExpired, _contents[0]);
    }

    [Fact]
    public async Task What_waits_is_refused_when_the_access_is_revoked()
    {
        var remote = await GreetAsync(_contents);
        await HoldUpAsync(remote, _contents[1..]);

        Access.Add([RevocationFor(Group)]);
        Context.UploadLimiter.Limit = null;

        Assert.Equal(MessageId.Content, (await remote.ReceiveAsync())!.Value.Id);
        await AssertRefusedAsync(remote, CloseReason.TicketRefused, _contents[1..]);
    }

    [Fact]
    public async Task What_waits_is_refused_when_its_share_is_withdrawn()
    {
        var remote = await GreetAsync(_contents);
        await HoldUpAsync(remote, _contents[1..]);

        Contents.Withdraw(_contents[1], Group);
        Context.UploadLimiter.Limit = null;

        Assert.Equal(MessageId.Content, (await remote.ReceiveAsync())!.Value.Id);
        Assert.Equal(_contents[2].PiecesRoot, ContentMessage.ReadRoot((await remote.ReceiveAsync())!.Value.Body));
        await AssertRefusedAsync(remote, CloseReason.NotOffered, _contents[1]);
    }

    [Fact]
    public async Task Contents_of_several_pieces_and_parts_without_bytes_are_refused()
    {
        var large = new FakeContent(pieces: 2, number: 200);
        var longPiece = new FakeContent(pieces: 1, pieceLength: 1 << 20, lastPiece: ContentMessage.MaxSize + 1, number: 201);
        var part = new FakeContent(pieces: 1, number: 202);
        part.Have.Clear(0);
        var remote = await GreetAsync([large, longPiece, part]);

        await GetAsync(remote, [large, longPiece, part]);

        await AssertRefusedAsync(remote, CloseReason.NotOffered, large, longPiece, part);
    }

    [Fact]
    public async Task A_content_that_cannot_be_read_is_refused_and_leaves_no_gap()
    {
        _contents[1].Broken = (0, new P2PShareException(ErrorCode.SourceFileChanged, "It has other bytes."));
        var remote = await GreetAsync(_contents);

        await GetAsync(remote, _contents);

        var answers = new List<Hash256>();
        for (var i = 0; i < 2; i++)
        {
            var (id, body) = (await remote.ReceiveAsync())!.Value;
            while (id == MessageId.GetReject)
            {
                answers.Add(GetRejectMessage.Read(body).PiecesRoots.Single());
                (id, body) = (await remote.ReceiveAsync())!.Value;
            }

            answers.Add(ContentMessage.ReadRoot(body));
            Assert.Equal(FakeContent.Bytes(0, body.Length - Hash256.Size), body[Hash256.Size..]);
        }

        if (answers.Count < 3)
        {
            await AssertRefusedAsync(remote, CloseReason.NotOffered, _contents[1]);
        }

        Assert.Same(_contents[1], Assert.Single(Contents.Unreadable).Content);
        Assert.Contains(_contents[2].PiecesRoot, answers);
    }

    [Fact]
    public async Task More_than_1024_that_wait_are_refused()
    {
        var remote = await GreetAsync(_contents);
        await HoldUpAsync(remote, []);

        for (var i = 0; i < 5; i++)
        {
            await GetAsync(remote, [.. Enumerable.Repeat(_contents[1], GetMessage.MaxContents)]);
        }

        await Eventually.HoldsAsync(() => Connection.WaitingBlocks == 1024 && Connection.WaitingBytes > 0, "the last are refused");
        Context.UploadLimiter.Limit = null;
        var (came, refused) = (0, 0);
        while (came + refused < 1 + 5 * GetMessage.MaxContents)
        {
            var (id, body) = (await remote.ReceiveAsync())!.Value;
            came += id == MessageId.Content ? 1 : 0;
            refused += id == MessageId.GetReject && GetRejectMessage.Read(body) is (CloseReason.Busy, var roots) ? roots.Length : 0;
        }

        Assert.Equal(256, refused);
    }

    [Fact]
    public async Task A_hundred_connections_that_get_contents_and_never_read_hold_little_memory()
    {
        const int Connections = 100;
        var content = new FakeContent(pieces: 1, lastPiece: 20_000, number: 300);
        Contents.Offer(content, Group);
        var connections = new List<PeerConnection>();
        for (var i = 0; i < Connections; i++)
        {
            var (connection, remote, _) = Run(buffered: 32 * 1024);
            await remote.SendHelloAsync(Issue(TicketFor(content)));
            for (var turn = 0; turn < 4; turn++)
            {
                await GetAsync(remote, [.. Enumerable.Repeat(content, GetMessage.MaxContents)]);
            }

            connections.Add(connection);
        }

        await Eventually.HoldsAsync(() => connections.TrueForAll(connection => connection.WaitingBlocks > 0), "all requests were read");
        Assert.InRange(
            Context.SendBudget.BytesInUse,
            1,
            SendBudget.MaxLargePerUser * (SendBudget.LargeStep + 64) + Connections * (SendBudget.SmallStep + 64));
        Assert.All(connections, connection => Assert.InRange(connection.WaitingBytes, 0, 256 * 1024));
    }

    [Theory]
    [InlineData(MessageId.Content)]
    [InlineData(MessageId.GetReject)]
    public async Task An_answer_that_was_not_requested_ends_the_connection(MessageId id)
    {
        var remote = await GreetAsync(_contents);
        var buffer = new byte[200];
        var length = id == MessageId.Content
            ? ContentMessage.WriteHeader(buffer, _contents[0].PiecesRoot, 100) + 100
            : GetRejectMessage.Write(buffer, CloseReason.Busy, [_contents[0].PiecesRoot]);
        await remote.SendAsync(buffer.AsMemory(0, length));

        Assert.Equal(new CloseMessage(0, CloseReason.ProtocolError), await remote.ReceiveCloseAsync());
    }

    private PeerConnection Connection { get; set; } = null!;

    private static Task GetAsync(RawPeer remote, FakeContent[] contents, Guid? group = null)
    {
        var buffer = new byte[Frame.HeaderLength + GetMessage.GroupLength + contents.Length * Hash256.Size];
        GetMessage.Write(buffer, group ?? Group.Id, [.. contents.Select(content => content.PiecesRoot)]);
        return remote.SendAsync(buffer);
    }

    private static async Task AssertRefusedAsync(RawPeer remote, CloseReason reason, params FakeContent[] contents)
    {
        var (id, body) = (await remote.ReceiveAsync())!.Value;
        Assert.Equal(MessageId.GetReject, id);
        var (why, roots) = GetRejectMessage.Read(body);
        Assert.Equal(reason, why);
        Assert.Equal(contents.Select(content => content.PiecesRoot), roots);
    }

    // The first content is being sent, very slowly, and the others wait.
    private async Task HoldUpAsync(RawPeer remote, FakeContent[] others)
    {
        Context.UploadLimiter.Limit = 1;
        await GetAsync(remote, [_contents[0]]);
        await Eventually.HoldsAsync(() => Context.UploadLimiter.WaitingCount == 1, "the first content is being sent");
        if (others.Length > 0)
        {
            await GetAsync(remote, others);
            await Eventually.HoldsAsync(() => Connection.WaitingBlocks == others.Length, "the others wait");
        }
    }

    private async Task<RawPeer> GreetAsync(FakeContent[] contents)
    {
        foreach (var content in contents)
        {
            Contents.Offer(content, Group);
        }

        var (connection, remote, _) = Run();
        Connection = connection;
        Ticket ticket = TicketFor(contents[0]) with { PiecesRoots = [.. contents.Select(content => content.PiecesRoot)] };
        await remote.SendHelloAsync(Issue(ticket));
        await Eventually.HoldsAsync(() => connection.IsGreeted, "the ticket is known");
        return remote;
    }
}
