using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class RevocationsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly Revocations _revocations = new(TimeProvider.System);

    [Fact]
    public void Only_new_revocations_are_returned()
    {
        Assert.Single(_revocations.Add([Revoke("dev", "bob", null, Now)]));
        Assert.Empty(_revocations.Add([Revoke("dev", "bob", null, Now)]));
        Assert.Empty(_revocations.Add([Revoke("dev", "bob", null, Now.AddSeconds(-9))]));
        Assert.Single(_revocations.Add([Revoke("dev", "bob", null, Now.AddSeconds(1))]));
        Assert.True(_revocations.IsRevoked(Issue("dev", "bob", "one", Now.AddSeconds(1))));
    }

    [Theory]
    [InlineData("dev", "bob", null, "dev/bob/one dev/bob/two")]
    [InlineData("dev", null, null, "dev/bob/one dev/bob/two dev/carol/three")]
    [InlineData(null, "bob", null, "dev/bob/one dev/bob/two ops/bob/one")]
    [InlineData(null, "bob", "one", "dev/bob/one ops/bob/one")]
    public void A_revocation_ends_the_tickets_that_it_names_and_no_others(string? group, string? user, string? session, string ended)
    {
        _revocations.Add([Revoke(group, user, session, Now)]);

        string[] all = ["dev/bob/one", "dev/bob/two", "dev/carol/three", "ops/bob/one", "ops/carol/three"];
        Assert.Equal(ended.Split(' '), all.Where(one => one.Split('/') is var parts && _revocations.IsRevoked(Issue(parts[0], parts[1], parts[2], Now))));
        Assert.DoesNotContain(all, one => one.Split('/') is var parts && _revocations.IsRevoked(Issue(parts[0], parts[1], parts[2], Now.AddSeconds(1))));
    }

    private static Revocation Revoke(string? group, string? user, string? session, DateTimeOffset until) => new(1, IdOf(group), IdOf(user), IdOf(session), until);

    private static Guid? IdOf(string? name) => name is null ? null : TestIds.Of(name);

    private static Ticket Issue(string group, string user, string session, DateTimeOffset issued) =>
        new(TestIds.Of(user), TestIds.Of(group), TestIds.Of(session), user, group, [], Hash256.Compute([1]), issued.AddMinutes(10)) { Issued = issued };
}
