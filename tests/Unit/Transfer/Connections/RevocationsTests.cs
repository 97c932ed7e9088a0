using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class RevocationsTests
{
    [Fact]
    public void Only_new_revocations_are_returned_and_names_are_compared_without_case()
    {
        var now = DateTimeOffset.UtcNow;
        var revocations = new Revocations(TimeProvider.System);

        Assert.Single(revocations.Add([new Revocation("Dev", "Bob", now)]));
        Assert.Empty(revocations.Add([new Revocation("dev", "bob", now)]));
        Assert.Empty(revocations.Add([new Revocation("dev", "bob", now.AddSeconds(-9))]));
        Assert.True(revocations.IsRevoked(Ticket("DEV", "BOB", now)));
        Assert.False(revocations.IsRevoked(Ticket("dev", "bob", now.AddSeconds(1))));
        Assert.False(revocations.IsRevoked(Ticket("dev", "carol", now)));
        Assert.False(revocations.IsRevoked(Ticket("ops", "bob", now)));
        Assert.Single(revocations.Add([new Revocation("dev", "bob", now.AddSeconds(1))]));
        Assert.True(revocations.IsRevoked(Ticket("dev", "bob", now.AddSeconds(1))));

        static Ticket Ticket(string group, string user, DateTimeOffset issued) =>
            new(user, group, [], Hash256.Compute([1]), issued.AddMinutes(10)) { Issued = issued };
    }
}
