using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>A channel stays open by the ticket that opened it, and by those that renew it: of the same user for the same group.</summary>
public sealed class ChannelTicketTests : ConnectionTest
{
    private static readonly GroupIdentity Other = TestIds.Group("mallory");

    private readonly FakeContent _content = new();

    [Fact]
    public async Task A_ticket_of_the_same_user_and_group_renews_a_channel()
    {
        var (table, connection, remote) = await OpenAsync();
        Clock.Advance(TimeSpan.FromMinutes(9));
        await ShowAsync(connection, remote, TicketFor(_content));

        await PassAsync(connection, remote, TimeSpan.FromMinutes(9));
        table.Maintain();
        Assert.Single(connection.Channels);
        await PassAsync(connection, remote, TimeSpan.FromMinutes(2));
        table.Maintain();
        Assert.Empty(connection.Channels);
        Assert.False(connection.IsEnding);
    }

    public static TheoryData<string> Foreign => ["group", "user", "content"];

    [Theory]
    [MemberData(nameof(Foreign))]
    public async Task A_ticket_of_another_group_or_user_or_for_another_content_renews_nothing(string what)
    {
        var (table, connection, remote) = await OpenAsync();
        Contents.Offer(_content, Other);
        Clock.Advance(TimeSpan.FromMinutes(9));
        var ticket = TicketFor(_content);
        await ShowAsync(connection, remote, what switch
        {
            "group" => ticket with { GroupId = Other.Id, GroupName = Other.Name },
            "user" => ticket with { UserId = TestIds.Of("carol"), UserName = "carol" },
            _ => ticket with { PiecesRoots = [Own] },
        });

        Clock.Advance(TimeSpan.FromMinutes(2));
        table.Maintain();

        Assert.Empty(connection.Channels);
        Assert.Equal(new CloseMessage(1, CloseReason.TicketExpired), await remote.ReceiveCloseAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_member_who_was_removed_keeps_no_channel_by_a_group_of_her_own(bool isShownBefore)
    {
        var (table, connection, remote) = await OpenAsync();
        Contents.Offer(_content, Other);
        var own = TicketFor(_content) with { GroupId = Other.Id, GroupName = Other.Name };
        if (isShownBefore)
        {
            await ShowAsync(connection, remote, own);
        }

        table.Revoke([RevocationFor(Group)]);
        Assert.Equal(new CloseMessage(1, CloseReason.TicketRefused), await remote.ReceiveCloseAsync());
        if (!isShownBefore)
        {
            await ShowAsync(connection, remote, own);
        }

        // What she shares with herself she may have, under that group's name only.
        await remote.OpenAsync(3, _content.PiecesRoot, Group.Id);
        Assert.Equal(new CloseMessage(3, CloseReason.TicketRefused), await remote.ReceiveCloseAsync());
        await remote.OpenAsync(5, _content.PiecesRoot, Other.Id);
        Assert.Equal(MessageId.HaveAll, (await remote.ReceiveAsync())!.Value.Id);
        Assert.Equal(Other, Assert.Single(connection.Channels).Group);
    }

    [Fact]
    public async Task A_channel_keeps_its_ticket_when_many_others_are_shown()
    {
        var (table, connection, remote) = await OpenAsync();
        for (var i = 0; i < 40; i++)
        {
            var content = new FakeContent(pieces: 5 + i);
            await ShowAsync(connection, remote, TicketFor(content, TimeSpan.FromMinutes(20)));
        }

        Assert.Equal(TicketSet.Max, connection.Tickets.Count);
        table.Maintain();
        Assert.Single(connection.Channels);
    }

    [Fact]
    public async Task Whatever_the_order_of_hello_open_revocation_and_time_a_channel_is_open_as_a_simple_model_says()
    {
        // A random walk with several users, groups and contents, against a model that keeps a ticket for each channel.
        for (var seed = 0; seed < 3; seed++)
        {
            await WalkAsync(new Random(seed));
        }
    }

    private async Task WalkAsync(Random random)
    {
        // The revocations of the walk before are over.
        Clock.Advance(TimeSpan.FromMinutes(1));
        var contents = Enumerable.Range(4, 3).Select(pieces => new FakeContent(pieces)).ToArray();
        var groups = new[] { Group, Other, TestIds.Group("ops") };
        var users = new[] { "bob", "carol" };
        foreach (var content in contents)
        {
            foreach (var group in groups)
            {
                Contents.Offer(content, group);
            }
        }

        var table = new ConnectionTable(Own, Context);
        var (near, far) = DuplexStream.CreatePair();
        await using var remote = new RawPeer(far);
        var connection = table.Run(near, Remote(2), isDialled: false);
        await ShowAsync(connection, remote, Make(users[0], groups[0], contents[0]));
        var shown = new List<Ticket>(connection.Tickets.Find(contents[0].PiecesRoot, groups[0].Id));
        var revoked = new Dictionary<(Guid Group, Guid User), DateTimeOffset>();
        var model = new Dictionary<uint, Ticket>();
        var (next, second, closed) = (1u, 0, 0);
        var close = new byte[Frame.HeaderLength + 5];
        for (var step = 0; step < 160; step++)
        {
            var (user, group, content) = (users[random.Next(2)], groups[random.Next(3)], contents[random.Next(3)]);
            switch (random.Next(5))
            {
                case 0 or 1 when connection.Tickets.Count < TicketSet.Max - 1:
                    var ticket = Make(user, group, content);
                    if (IsRevoked(ticket))
                    {
                        // It would end the connection.
                        break;
                    }

                    await ShowAsync(connection, remote, ticket);
                    shown.Add(ticket);
                    foreach (var (id, kept) in model.ToArray())
                    {
                        if (kept.UserId == ticket.UserId && kept.GroupId == ticket.GroupId && kept.PiecesRoots[0] == ticket.PiecesRoots[0])
                        {
                            model[id] = ticket;
                        }
                    }

                    break;
                case 2:
                    await remote.OpenAsync(next, content.PiecesRoot, group.Id);
                    await SettleAsync(connection, remote);
                    if (model.Values.Any(kept => kept.GroupId == group.Id && kept.PiecesRoots[0] == content.PiecesRoot))
                    {
                        // A second one is refused; the first one may be closed later.
                        second++;
                        Assert.Null(connection.Find(next));
                    }
                    else if (shown.Where(one => one.GroupId == group.Id && one.PiecesRoots[0] == content.PiecesRoot && IsValid(one)).MaxBy(one => one.Expires) is { } best)
                    {
                        model[next] = connection.Find(next)?.Ticket ?? best;
                    }

                    next += 2;
                    break;
                case 3 when model.Count > 0 && random.Next(3) == 0:
                    var ended = model.Keys.Order().ElementAt(random.Next(model.Count));
                    await remote.SendAsync(close.AsMemory(0, new CloseMessage(ended, CloseReason.Done).Write(close)));
                    await SettleAsync(connection, remote);
                    model.Remove(ended);
                    closed++;
                    break;
                case 3 when random.Next(3) == 0:
                    revoked[(group.Id, TestIds.Of(user))] = Clock.GetUtcNow();
                    table.Revoke([new Revocation(step + 1, group.Id, TestIds.Of(user), null, Clock.GetUtcNow())]);
                    break;
                default:
                    Clock.Advance(TimeSpan.FromSeconds(random.Next(1, 50)));
                    await SettleAsync(connection, remote);
                    table.Maintain();
                    break;
            }

            foreach (var (id, _) in model.Where(channel => !IsValid(channel.Value)).ToArray())
            {
                model.Remove(id);
            }

            shown.RemoveAll(one => !IsValid(one));
            table.Maintain();
            Assert.Equal(model.Keys.Order(), connection.Channels.Select(channel => channel.Id).Order());
        }

        Assert.True(second > 0 && closed > 0 && revoked.Count > 0, "the walk has been everywhere");
        connection.Dispose();

        bool IsRevoked(Ticket ticket) => revoked.TryGetValue((ticket.GroupId, ticket.UserId), out var until) && ticket.Issued <= until;

        bool IsValid(Ticket ticket) => !IsRevoked(ticket) && ticket.Expires + TicketValidator.ClockSkew >= Clock.GetUtcNow();

        Ticket Make(string user, GroupIdentity group, FakeContent content) => TicketFor(content, TimeSpan.FromMinutes(5)) with
        {
            UserId = TestIds.Of(user),
            UserName = user,
            GroupId = group.Id,
            GroupName = group.Name,
        };
    }

    // What was sent before has been handled when this ticket has come, which is for nothing else.
    private async Task SettleAsync(PeerConnection connection, RawPeer remote)
    {
        var marker = new FakeContent(pieces: 1000);
        var before = connection.Tickets.Find(marker.PiecesRoot, Group.Id) is [var last, ..] ? last : null;
        Clock.Advance(TimeSpan.FromSeconds(1));
        await remote.SendHelloAsync(Issue(TicketFor(marker, TimeSpan.FromMinutes(5)) with { UserId = TestIds.Of("marker"), UserName = "marker" }));
        await Eventually.HoldsAsync(
            () => connection.Tickets.Find(marker.PiecesRoot, Group.Id) is [var now, ..] && !ReferenceEquals(now, before), "what was sent is handled");
    }

    // Time passes, and the connection is alive.
    private async Task PassAsync(PeerConnection connection, RawPeer remote, TimeSpan time)
    {
        Clock.Advance(time);
        await remote.SendAsync(new byte[4]);
        await Eventually.HoldsAsync(() => connection.Idle == TimeSpan.Zero, "the keep-alive has come");
    }

    private async Task ShowAsync(PeerConnection connection, RawPeer remote, Ticket ticket)
    {
        await remote.SendHelloAsync(Issue(ticket));
        await Eventually.HoldsAsync(
            () => connection.Tickets.Find(ticket.PiecesRoots[0], ticket.GroupId).Any(kept => kept.UserId == ticket.UserId && kept.Expires == ticket.Expires),
            "the ticket is known");
    }

    private async Task<(ConnectionTable Table, PeerConnection Connection, RawPeer Remote)> OpenAsync()
    {
        var table = new ConnectionTable(Own, Context);
        var (near, far) = DuplexStream.CreatePair();
        var remote = new RawPeer(far);
        var connection = table.Run(near, Remote(2), isDialled: false);
        await GreetAndOpenAsync(connection, remote, _content);
        return (table, connection, remote);
    }
}
