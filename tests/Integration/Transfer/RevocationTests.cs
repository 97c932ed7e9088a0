using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Access that ends while bytes flow: over once the tracker has said so, long before the ticket (ten minutes) expires.</summary>
public sealed class RevocationTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(6_000_000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private TestPeer _carol = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => options.AnnounceInterval = TimeSpan.FromSeconds(1));
        var slow = new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(2), UploadLimit = 500_000 };
        _alice = await TestPeer.StartAsync(_tracker, "alice", null, slow);
        _bob = await TestPeer.StartAsync(_tracker, "Bob", _alice, slow);
        _carol = await TestPeer.StartAsync(_tracker, "carol", _alice, slow);
        _file = await _alice.ShareAsync("data.bin", _content);
    }

    public async Task DisposeAsync()
    {
        await _carol.DisposeAsync();
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task A_running_upload_to_somebody_who_left_ends_and_a_new_approval_lets_it_go_on_at_once()
    {
        var download = _bob.Receive(_file);
        var others = _carol.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 0 && others.Progress.BytesVerified > 0, "both get something");

        await _bob.Client.LeaveGroupAsync(TestPeer.Group, CancellationToken.None);

        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion.WaitAsync(Limit));
        Assert.Equal(ErrorCode.NotMember, error.Code);
        await Eventually.HoldsAsync(() => _alice.Uploads.Any(upload => upload.UserName == "Bob" && !upload.Complete), "the upload to bob has ended");
        Assert.Equal(DownloadState.Running, others.State);

        await _bob.Client.RequestJoinAsync(TestPeer.Group, CancellationToken.None);
        await _alice.Client.ApproveJoinAsync(TestPeer.Group, "Bob", CancellationToken.None);
        _alice.Server.UploadLimit = null;
        download.Resume();
        await download.Completion.WaitAsync(Limit);
        await others.Completion.WaitAsync(Limit);
        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task The_deletion_of_a_group_cuts_the_uploads_between_its_members()
    {
        // They give up before the tracker would be asked again: it is asked nevertheless, since it knows why the sources are gone.
        var hasty = new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(1.5) };
        await using var dave = await TestPeer.StartAsync(_tracker, "dave", _alice, hasty);
        await using var erin = await TestPeer.StartAsync(_tracker, "erin", _alice, hasty);
        var downloads = new[] { dave.Receive(_file), erin.Receive(_file) };
        await Eventually.HoldsAsync(() => downloads.All(download => download.Progress.BytesVerified > 0), "both get something");

        await _alice.Client.RemoveGroupAsync(TestPeer.Group, CancellationToken.None);

        foreach (var download in downloads)
        {
            var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion.WaitAsync(Limit));
            Assert.Equal(ErrorCode.GroupNotFound, error.Code);
        }

        await Eventually.HoldsAsync(() => _alice.Uploads.Count(upload => !upload.Complete) >= 2, "both uploads have ended");
    }

    [Fact]
    public async Task The_removal_of_a_user_cuts_the_upload_to_them_and_no_other()
    {
        var download = _bob.Receive(_file);
        var others = _carol.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 0 && others.Progress.BytesVerified > 0, "both get something");

        await _bob.Client.RemoveUserAsync(CancellationToken.None);

        await Eventually.HoldsAsync(() => _alice.Uploads.Any(upload => upload.UserName == "Bob" && !upload.Complete), "the upload to bob has ended");
        Assert.Equal(DownloadState.Running, others.State);
    }

    [Fact]
    public async Task A_change_of_the_password_disturbs_no_transfer()
    {
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 0, "it gets something");

        foreach (var peer in new[] { _bob, _alice })
        {
            await peer.Client.ChangePasswordAsync(
                TestPassword.Secure(), TestPassword.Secure(TestPassword.Changed), CancellationToken.None);
        }

        _alice.Server.UploadLimit = null;
        await download.Completion.WaitAsync(Limit);
        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
        await _bob.ShareAsync("more.bin", _content);
    }

    [Fact]
    public async Task A_ticket_from_before_opens_nothing_any_more_and_a_new_one_does()
    {
        using var identity = PeerIdentity.Acquire(_bob.State, TimeProvider.System);
        await using var peer = await RawPeer.DialAsync(identity, _alice.Server);
        var old = await TicketAsync(_bob, identity);
        await peer.SendHelloAsync(old);
        await peer.OpenAsync(1, Root);
        Assert.Equal(MessageId.HaveAll, (await peer.ReceiveAsync())!.Value.Id);

        await _bob.Client.LeaveGroupAsync(TestPeer.Group, CancellationToken.None);

        Assert.Equal(new CloseMessage(1, CloseReason.TicketRefused), await peer.ReceiveCloseAsync());
        await peer.OpenAsync(3, Root);
        Assert.Equal(new CloseMessage(3, CloseReason.TicketRefused), await peer.ReceiveCloseAsync());
        await using (var again = await RawPeer.DialAsync(identity, _alice.Server))
        {
            await again.SendHelloAsync(old);
            Assert.Equal(new CloseMessage(0, CloseReason.TicketRefused), await again.ReceiveCloseAsync());
        }

        await _bob.Client.RequestJoinAsync(TestPeer.Group, CancellationToken.None);
        await _alice.Client.ApproveJoinAsync(TestPeer.Group, "bob", CancellationToken.None);
        await peer.SendHelloAsync(await TicketAsync(_bob, identity));
        await peer.OpenAsync(5, Root);
        Assert.Equal(MessageId.HaveAll, (await peer.ReceiveAsync())!.Value.Id);
    }

    [Fact]
    public async Task A_channel_that_the_source_itself_opened_to_a_peer_of_somebody_who_left_ends_too()
    {
        // carol fetches from bob's peer, which could fetch from her over the same channel.
        await _alice.StopServerAsync();
        await using var source = await RawSource.StartAsync(_bob, _file);
        _carol.Receive(_file);
        var (peer, channel) = await source.AcceptAsync();
        await using var _ = peer;

        await _bob.Client.LeaveGroupAsync(TestPeer.Group, CancellationToken.None);

        Assert.Equal(new CloseMessage(channel, CloseReason.Done), await peer.ReceiveCloseAsync());
    }

    [Fact]
    public async Task Who_left_offers_nothing_there_any_more()
    {
        await _bob.ShareAsync("data.bin", _content);
        Assert.Equal(1, _bob.Server.GetStatus().SharedFiles);

        await _bob.Client.LeaveGroupAsync(TestPeer.Group, CancellationToken.None);

        await Eventually.HoldsAsync(() => _bob.Server.GetStatus().SharedFiles == 0, "bob's peer has withdrawn it");
        Assert.Equal(1, _alice.Server.GetStatus().SharedFiles);
    }

    private Hash256 Root => _file.PiecesRoot!.Value;

    private static async Task<string> TicketAsync(TestPeer peer, PeerIdentity identity)
    {
        var files = await peer.Client.ListFilesAsync(TestPeer.Group, ListQuery.All, CancellationToken.None).ReadAllAsync();
        var sources = await peer.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(files[0].GroupId, identity.Fingerprint, identity.CertificateHash, [files[0].PiecesRoot!.Value]), CancellationToken.None);
        return sources.Ticket;
    }
}
