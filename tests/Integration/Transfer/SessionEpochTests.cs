using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

/// <summary>The tickets of a stolen session end at sources with their next announce; the user's other transfers continue.</summary>
public sealed class SessionEpochTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(6_000_000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;
    private TrackerSession _stolen = null!;
    private TemporaryFolder _thief = null!;
    private PeerIdentity _identity = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => options.AnnounceInterval = TimeSpan.FromSeconds(1));
        _alice = await TestPeer.StartAsync(_tracker, "alice", null, new PeerServerOptions { UploadLimit = 500_000 });
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        _file = await _alice.ShareAsync("data.bin", _content);
        _thief = new TemporaryFolder();
        var state = StateFolder.Open(_thief.Combine("state"));
        _identity = PeerIdentity.Acquire(state, TimeProvider.System);
        // A session of bob's that somebody else uses.
        _stolen = new TrackerSession([_tracker.Address], state.KnownTrackers);
        using var password = TestPassword.Secure();
        await _stolen.LoginAsync("bob", password, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        _identity.Dispose();
        _stolen.Dispose();
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
        _thief.Dispose();
    }

    [Fact]
    public async Task A_logout_ends_what_the_session_opened_and_nothing_of_another_session()
    {
        await using var peer = await OpenAsync();
        var download = await ReceiveAsync();

        await _stolen.LogoutAsync(CancellationToken.None);

        Assert.Equal(new CloseMessage(1, CloseReason.TicketRefused), await peer.ReceiveCloseAsync());
        await FinishAsync(download);
        // bob's transfer was never cut.
        Assert.DoesNotContain(_alice.Uploads, upload => upload.Fingerprint == _bob.Server.Fingerprint && !upload.Complete);
    }

    [Fact]
    public async Task A_change_of_the_password_ends_what_other_sessions_opened_and_the_changing_one_continues()
    {
        await using var peer = await OpenAsync();
        var download = await ReceiveAsync();

        using (var current = TestPassword.Secure())
        using (var next = TestPassword.Secure(TestPassword.Changed))
        {
            await _bob.Client.ChangePasswordAsync(current, next, CancellationToken.None);
        }

        Assert.Equal(new CloseMessage(1, CloseReason.TicketRefused), await peer.ReceiveCloseAsync());
        var error = await Assert.ThrowsAsync<P2PShareException>(() => _stolen.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());
        Assert.Equal(ErrorCode.NotLoggedIn, error.Code);
        await FinishAsync(download);
        Assert.Empty(_bob.Warnings);
    }

    private Hash256 Root => _file.PiecesRoot!.Value;

    private async Task<RawPeer> OpenAsync()
    {
        var sources = await _stolen.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(_file.GroupId, _identity.Fingerprint, _identity.CertificateHash, [Root]), CancellationToken.None);
        var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendHelloAsync(sources.Ticket);
        await peer.OpenAsync(1, Root);
        Assert.Equal(MessageId.HaveAll, (await peer.ReceiveAsync())!.Value.Id);
        return peer;
    }

    private async Task<Download> ReceiveAsync()
    {
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 0, "bob gets something");
        return download;
    }

    private async Task FinishAsync(Download download)
    {
        Assert.Equal(DownloadState.Running, download.State);
        _alice.Server.UploadLimit = null;
        await download.Completion.WaitAsync(Limit);
        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
    }
}
