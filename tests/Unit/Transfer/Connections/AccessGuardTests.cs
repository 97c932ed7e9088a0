namespace P2PShare.Unit.Transfer.Connections;

public sealed class AccessGuardTests : ConnectionTest
{
    private readonly FakeContent _content = new();

    [Fact]
    public async Task A_ticket_counts_until_its_access_is_revoked()
    {
        var ticket = TicketFor(_content);
        var token = Issue(ticket);
        Assert.NotNull((await Access.ValidateAsync(token, ticket.CertificateHash)).Ticket);

        Access.Add([RevocationFor(Group)]);

        Assert.Equal((null, "The access of 'bob' to 'dev' has ended since."), await Access.ValidateAsync(token, ticket.CertificateHash));
        Assert.True(Access.IsRevoked(ticket));
    }

    [Fact]
    public async Task A_ticket_that_was_issued_after_the_revocation_counts()
    {
        Access.Add([RevocationFor(Group)]);
        Clock.Advance(TimeSpan.FromSeconds(1));
        var ticket = TicketFor(_content);

        Assert.NotNull((await Access.ValidateAsync(Issue(ticket), ticket.CertificateHash)).Ticket);
    }

    [Fact]
    public void A_ticket_expires_half_a_minute_late_because_clocks_differ()
    {
        var ticket = TicketFor(_content, TimeSpan.FromMinutes(1));

        Clock.Advance(TimeSpan.FromSeconds(90));
        Assert.False(Access.IsExpired(ticket));
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Access.IsExpired(ticket));
    }

    [Fact]
    public void A_ticket_until_the_last_time_that_there_is_has_not_expired()
    {
        Assert.False(Access.IsExpired(TicketFor(_content) with { Expires = DateTimeOffset.MaxValue }));
    }

    [Fact]
    public void A_revocation_is_forgotten_when_no_ticket_can_be_as_old()
    {
        var revocation = RevocationFor(Group);
        var ticket = TicketFor(_content);
        Assert.Single(Access.Add([revocation]));
        Clock.Advance(TimeSpan.FromHours(25.1));
        Assert.True(Access.IsRevoked(ticket));

        // Old ones are removed when others come.
        Access.Add([RevocationFor(TestIds.Group("other"))]);

        Assert.False(Access.IsRevoked(ticket));
    }
}
