using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class TicketSetTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TicketSet _set;
    private DateTimeOffset _now = Start;

    public TicketSetTests() => _set = new TicketSet(ticket => ticket.Expires < _now);

    [Fact]
    public void A_ticket_is_found_by_its_group_and_the_contents_that_it_covers()
    {
        var ticket = Make("bob", "dev", 10, 1, 2);
        _set.Add(ticket);

        Assert.Same(ticket, Assert.Single(_set.Find(Root(2), TestIds.Of("dev"))));
        Assert.Empty(_set.Find(Root(3), TestIds.Of("dev")));
        Assert.Empty(_set.Find(Root(2), TestIds.Of("ops")));
    }

    [Fact]
    public void A_later_ticket_that_covers_as_much_takes_the_place_of_an_earlier_one()
    {
        _set.Add(Make("bob", "dev", 10, 1, 2));
        _set.Add(Make("bob", "dev", 11, 1, 2, 3));
        Assert.Equal(1, _set.Count);

        // Of less, of another user or another group.
        _set.Add(Make("bob", "dev", 12, 1));
        _set.Add(Make("carol", "dev", 13, 1, 2, 3));
        _set.Add(Make("bob", "ops", 13, 1, 2, 3));
        Assert.Equal(4, _set.Count);
        Assert.Equal([13, 12, 11], _set.Find(Root(1), TestIds.Of("dev")).Select(ticket => (ticket.Expires - Start).TotalMinutes));
    }

    [Fact]
    public void Expired_tickets_go_first()
    {
        for (var root = 0; root < TicketSet.Max; root++)
        {
            _set.Add(Make("bob", "dev", 10 + root, root));
        }

        _now = Start + TimeSpan.FromMinutes(12.5);
        _set.Add(Make("bob", "dev", 60, 100));

        Assert.Equal(TicketSet.Max - 3 + 1, _set.Count);
    }

    [Fact]
    public void However_many_are_shown_16_are_kept_and_the_newest_is_among_them()
    {
        for (var root = 0; root < 1000; root++)
        {
            _set.Add(Make("bob", "dev", 10 + root, root));
            Assert.InRange(_set.Count, 1, TicketSet.Max);
            Assert.Single(_set.Find(Root(root), TestIds.Of("dev")));
        }
    }

    private static Hash256 Root(int number) => Hash256.Compute(BitConverter.GetBytes(number));

    private static Ticket Make(string user, string group, int minutes, params int[] roots) => new(
        TestIds.Of(user), TestIds.Of(group), TestIds.Of("session"), user, group, [.. roots.Select(Root)], Root(-1), Start + TimeSpan.FromMinutes(minutes));
}
