using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Who may fetch what from a peer server, tried over real TLS by somebody who does not play by the rules.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private readonly ShiftedClock _trackerClock = new();
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private PeerIdentity _identity = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(clock: _trackerClock);
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        _identity = PeerIdentity.Acquire(_bob.State, TimeProvider.System);
        _file = await _alice.ShareAsync("data.bin", new byte[200_000]);
    }

    public async Task DisposeAsync()
    {
        _identity.Dispose();
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task A_right_ticket_opens_the_content_and_gives_its_bytes()
    {
        await using var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendHelloAsync(await TicketAsync(_identity.CertificateHash));
        await peer.OpenAsync(1, Root);

        Assert.Equal(MessageId.HaveAll, (await peer.ReceiveAsync())!.Value.Id);

        await peer.RequestAsync(new BlockRange(1, 3, 0, 200_000 - 3 * 65_536));
        var (id, body) = (await peer.ReceiveAsync())!.Value;
        Assert.Equal(MessageId.Piece, id);
        Assert.Equal(PieceHeader.Length + 200_000 - 3 * 65_536, body.Length);
    }

    [Fact]
    public async Task A_forged_ticket_is_refused()
    {
        var ticket = await TicketAsync(_identity.CertificateHash);
        var forged = ticket[..^8] + (ticket.EndsWith("AAAAAAAA", StringComparison.Ordinal) ? "BBBBBBBB" : "AAAAAAAA");

        await AssertRefusedAsync(forged);
    }

    [Fact]
    public async Task A_ticket_of_another_certificate_is_refused()
    {
        await AssertRefusedAsync(await TicketAsync(TestUser.RandomHash()));
    }

    [Fact]
    public async Task An_expired_ticket_is_refused()
    {
        _trackerClock.Shift = -TimeSpan.FromHours(1);
        var ticket = await TicketAsync(_identity.CertificateHash);

        await AssertRefusedAsync(ticket);
    }

    [Fact]
    public async Task No_ticket_at_all_is_a_breach_of_the_protocol()
    {
        await using var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.OpenAsync(1, Root);

        Assert.Equal(CloseReason.ProtocolError, (await peer.ReceiveCloseAsync())?.Reason);
    }

    [Fact]
    public async Task A_ticket_for_one_content_does_not_open_another()
    {
        var other = await _alice.ShareAsync("other.bin", [1, 2, 3]);
        await using var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendHelloAsync(await TicketAsync(_identity.CertificateHash));

        await peer.OpenAsync(1, other.PiecesRoot!.Value);

        Assert.Equal(new CloseMessage(1, CloseReason.TicketRefused), await peer.ReceiveCloseAsync());
    }

    [Fact]
    public async Task A_ticket_of_another_group_does_not_open_a_content_of_this_one()
    {
        // bob shares the same bytes with a group of his own: its ticket names the same pieces root.
        await _bob.Client.CreateGroupAsync("elsewhere", CancellationToken.None);
        var elsewhere = await _bob.ShareAsync("data.bin", new byte[200_000], "elsewhere");
        var sources = await _bob.Client.GetSourcesAsync(
            "elsewhere", new SourcesRequest(elsewhere.GroupId, _identity.Fingerprint, _identity.CertificateHash, [Root]), CancellationToken.None);
        await using var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendHelloAsync(sources.Ticket);

        await peer.OpenAsync(1, Root);

        Assert.Equal(new CloseMessage(1, CloseReason.NotOffered), await peer.ReceiveCloseAsync());
    }

    [Fact]
    public async Task A_ticket_that_is_not_renewed_ends_the_transfer()
    {
        // A ticket that has expired already, but for five seconds of the allowance for two clocks.
        _trackerClock.Shift = -TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(25);
        await using var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendHelloAsync(await TicketAsync(_identity.CertificateHash));
        await peer.OpenAsync(1, Root);
        Assert.Equal(MessageId.HaveAll, (await peer.ReceiveAsync())!.Value.Id);

        Assert.Equal(new CloseMessage(1, CloseReason.TicketExpired), await peer.ReceiveCloseAsync());
    }

    [Fact]
    public async Task Who_is_no_member_gets_no_ticket()
    {
        await _bob.Client.LeaveGroupAsync(TestPeer.Group, CancellationToken.None);

        var error = await Assert.ThrowsAsync<P2PShareException>(() => TicketAsync(_identity.CertificateHash));
        Assert.Equal(ErrorCode.NotMember, error.Code);
    }

    [Fact]
    public async Task A_peer_with_another_fingerprint_than_the_tracker_said_is_not_talked_to()
    {
        var error = await Assert.ThrowsAsync<IOException>(() => PeerTls.DialAsync(
            _identity, TestUser.RandomHash(), [$"127.0.0.1:{_alice.Server.Port}"], CancellationToken.None));

        Assert.Contains("fingerprint", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_no_protocol_end_the_connection_and_nothing_else()
    {
        await using var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 20 });
        Assert.Equal(CloseReason.ProtocolError, (await peer.ReceiveCloseAsync())?.Reason);

        await _bob.Receive(_file).Completion.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_request_beyond_the_end_ends_the_connection()
    {
        await using var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendHelloAsync(await TicketAsync(_identity.CertificateHash));
        await peer.OpenAsync(1, Root);

        await peer.RequestAsync(new BlockRange(1, 3, 0, 65_536));

        Assert.Equal(CloseReason.ProtocolError, (await peer.ReceiveCloseAsync())?.Reason);
    }

    private Hash256 Root => _file.PiecesRoot!.Value;

    private async Task<string> TicketAsync(Hash256 certificateHash)
    {
        var sources = await _bob.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(_file.GroupId, _identity.Fingerprint, certificateHash, [Root]), CancellationToken.None);
        return sources.Ticket;
    }

    private async Task AssertRefusedAsync(string ticket)
    {
        await using var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendHelloAsync(ticket);
        await peer.OpenAsync(1, Root);

        Assert.Equal(new CloseMessage(0, CloseReason.TicketRefused), await peer.ReceiveCloseAsync());
        Assert.Null(await peer.ReceiveAsync());
    }
}
