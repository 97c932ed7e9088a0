using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Unit.TrackerHost;

public sealed class SourceTests
{
    [Fact]
    public async Task A_member_finds_who_has_a_content_and_gets_a_ticket_that_checks_with_the_public_keys()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");
        using var bob = await TestUser.CreateAsync(tracker, "Bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "a/b c.bin", root));
        Assert.Empty((await alice.AnnounceAsync(new Holding("DEV", root, Complete: true))).Rejected);

        var answer = await bob.FindSourcesAsync("dev", root, TestUser.RandomHash());

        var content = Assert.Single(answer.Contents);
        Assert.Equal(root, content.PiecesRoot);
        var peer = Assert.Single(content.Peers);
        Assert.Equal((alice.Fingerprint, "Alice", true), (peer.Fingerprint, peer.UserName, peer.Complete));
        Assert.Equal(["127.0.0.1:5000"], peer.EndPoints);

        using var anybody = TestUser.CreateClient(tracker.Address);
        var keys = await anybody.GetStringAsync(TrackerRoutes.TicketKeys);
        Assert.DoesNotContain("\"d\"", keys, StringComparison.Ordinal);
        var validator = new TicketValidator(bob.Session.TrackerId, keys, TimeProvider.System);
        var (ticket, problem) = await validator.ValidateAsync(answer.Ticket, Hash256.Compute(bob.Fingerprint.ToArray()));
        Assert.Null(problem);
        Assert.Equal(("Bob", "dev"), (ticket!.UserName, ticket.Group));
        Assert.Equal([root], ticket.PiecesRoots);
        Assert.Equal(answer.TicketExpires, ticket.Expires);
        Assert.InRange(ticket.Expires, DateTimeOffset.UtcNow.AddMinutes(9), DateTimeOffset.UtcNow.AddMinutes(10));
    }
}
