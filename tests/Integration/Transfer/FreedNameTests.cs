using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>
/// A name of a group or a user that was deleted and taken again opens nothing of what was. The interval of announces is long: ids keep the
/// stranger out, not revocations that arrive in time.
/// </summary>
public sealed class FreedNameTests : IAsyncLifetime
{
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(200_000);
    private TestTracker _tracker = null!;
    private TestPeer _owner = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => options.AnnounceInterval = TimeSpan.FromMinutes(30));
        _owner = await TestPeer.StartAsync(_tracker, "owner", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _owner);
        _file = await _bob.ShareAsync("data.bin", _content);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _owner.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task A_group_that_a_stranger_made_again_opens_nothing_of_the_old_one()
    {
        await _owner.Client.RemoveGroupAsync(TestPeer.Group, CancellationToken.None);
        // The first peer of a tracker creates the group.
        await using var stranger = await TestPeer.StartAsync(_tracker, "stranger", null);
        using var identity = PeerIdentity.Acquire(stranger.State, TimeProvider.System);
        var claimed = await stranger.Client.ShareFileAsync(
            TestPeer.Group, new ShareFileRequest("data.bin", _content.Length, _file.PieceLength, Root), CancellationToken.None);
        Assert.NotEqual(_file.GroupId, claimed.GroupId);
        var sources = await stranger.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(claimed.GroupId, identity.Fingerprint, identity.CertificateHash, [Root]), CancellationToken.None);
        Assert.Empty(Assert.Single(sources.Contents).Peers);

        // She knows where bob's peer is from before.
        await using var peer = await RawPeer.DialAsync(identity, _bob.Server);
        await peer.SendHelloAsync(sources.Ticket);
        await peer.OpenAsync(1, Root);

        Assert.Equal(new CloseMessage(1, CloseReason.NotOffered), await peer.ReceiveCloseAsync());
        Assert.Equal(1, _bob.Server.GetStatus().SharedFiles);
    }

    [Fact]
    public async Task A_restart_does_not_offer_to_the_new_group_what_was_shared_with_the_old_one()
    {
        await _owner.Client.RemoveGroupAsync(TestPeer.Group, CancellationToken.None);
        await using var stranger = await TestPeer.StartAsync(_tracker, "stranger", null);
        await stranger.Client.ShareFileAsync(
            TestPeer.Group, new ShareFileRequest("data.bin", _content.Length, _file.PieceLength, Root), CancellationToken.None);
        await _bob.Client.RequestJoinAsync(TestPeer.Group, CancellationToken.None);
        await stranger.Client.ApproveJoinAsync(TestPeer.Group, "bob", CancellationToken.None);

        await _bob.RestartServerAsync();

        Assert.Equal(0, _bob.Server.GetStatus().SharedFiles);
        Assert.Equal(0, Assert.Single(await stranger.Client.ListFilesAsync(TestPeer.Group, ListQuery.All, CancellationToken.None).ReadAllAsync()).Sources);
    }

    [Fact]
    public async Task A_request_for_sources_of_the_old_group_is_refused_by_the_new_one()
    {
        await _owner.Client.RemoveGroupAsync(TestPeer.Group, CancellationToken.None);
        await using var stranger = await TestPeer.StartAsync(_tracker, "stranger", null);
        await _bob.Client.RequestJoinAsync(TestPeer.Group, CancellationToken.None);
        await stranger.Client.ApproveJoinAsync(TestPeer.Group, "bob", CancellationToken.None);

        // bob continues a download of the old group, and must not show the new group what he looks for.
        var error = await Assert.ThrowsAsync<P2PShareException>(() => _bob.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(_file.GroupId, Root, Root, [Root]), CancellationToken.None));

        Assert.Equal(ErrorCode.GroupNotFound, error.Code);
        Assert.Equal("The group 'dev' was deleted, and another one has its name now: list its files again.", error.Message);
    }

    [Fact]
    public async Task A_user_who_took_a_freed_name_has_nothing_of_the_former_user_and_ends_none_of_its_revocations()
    {
        await _owner.ShareAsync("data.bin", _content);
        using var identity = PeerIdentity.Acquire(_bob.State, TimeProvider.System);
        var old = (await _bob.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(_file.GroupId, identity.Fingerprint, identity.CertificateHash, [Root]), CancellationToken.None)).Ticket;
        await _bob.StopServerAsync();
        await _bob.Client.RemoveUserAsync(CancellationToken.None);
        await using var again = await TestPeer.StartAsync(_tracker, "bob", _owner);
        using var ofAgain = PeerIdentity.Acquire(again.State, TimeProvider.System);
        // The owner's next announce brings the revocation.
        await _owner.ShareAsync("another.bin", [1]);

        await using (var peer = await RawPeer.DialAsync(identity, _owner.Server))
        {
            await peer.SendHelloAsync(old);
            Assert.Equal(new CloseMessage(0, CloseReason.TicketRefused), await peer.ReceiveCloseAsync());
        }

        var ticket = (await again.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(_file.GroupId, ofAgain.Fingerprint, ofAgain.CertificateHash, [Root]), CancellationToken.None)).Ticket;
        await using var other = await RawPeer.DialAsync(ofAgain, _owner.Server);
        await other.SendHelloAsync(ticket);
        await other.OpenAsync(1, Root);
        Assert.Equal(MessageId.HaveAll, (await other.ReceiveAsync())!.Value.Id);
    }

    private Hash256 Root => _file.PiecesRoot!.Value;
}
