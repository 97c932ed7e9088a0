using System.Net;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Upgrade;

/// <summary>A client continues the state folder of the version before: key, trusted tracker, shares, part files.</summary>
public sealed class StateUpgradeTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly PeerServerOptions Options = new() { Address = IPAddress.Loopback };

    private readonly SchemaSeven _before = new();
    private readonly TemporaryFolder _bobs = new();
    private TestTracker _tracker = null!;
    private StateFolder _state = null!;
    private TrackerSession _alice = null!;
    private PeerServer _server = null!;

    public async Task InitializeAsync()
    {
        _tracker = await _before.StartTrackerAsync();
        _before.MoveKnownTracker(_tracker.Address.Port);
        _state = StateFolder.Open(_before.State);
        // No fingerprint and no trust on first use: the pin of before is what counts.
        _alice = new TrackerSession([_tracker.Address with { Fingerprint = null }], _state.KnownTrackers);
        await LogInAsync(_alice, "Alice");
        _server = await PeerServer.StartAsync(_alice, _state, Options, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _alice.Dispose();
        await _tracker.DisposeAsync();
        _before.Dispose();
        _bobs.Dispose();
    }

    [Fact]
    public async Task The_key_is_the_same_and_what_was_shared_is_served()
    {
        using var certificate = X509CertificateLoader.LoadPkcs12FromFile(Path.Combine(_before.State, "identities", "1.pfx"), null);
        Assert.Equal(CertificateHashes.Fingerprint(certificate), _server.Fingerprint);
        Assert.Equal(1, _server.GetStatus().SharedFiles);
        using var bob = await NewBobAsync();
        await using var bobs = await PeerServer.StartAsync(bob, StateFolder.Open(_bobs.Combine("state")), Options, CancellationToken.None);
        var file = (await bob.ListFilesAsync("Dev", ListQuery.All, CancellationToken.None).ReadAllAsync()).Single(file => file.Name == "docs/shared.txt");
        Assert.Equal(1, file.Sources);

        await bobs.Downloads.Start(new DownloadRequest(file.GroupIdentity, file.Name, file.Content, _bobs.Combine("shared.txt"), Overwrite: false))
            .Completion.WaitAsync(Limit);

        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(_before.Home, "shared.txt")), await File.ReadAllBytesAsync(_bobs.Combine("shared.txt")));
    }

    [Fact]
    public async Task A_download_continues_with_what_its_part_has()
    {
        using var bob = await NewBobAsync();
        await using var bobs = await PeerServer.StartAsync(bob, StateFolder.Open(_bobs.Combine("state")), Options, CancellationToken.None);
        await File.WriteAllBytesAsync(_bobs.Combine("image.bin"), SchemaSeven.Image);
        await bobs.Shares.ShareAsync(
            await FileHasher.HashAsync(_bobs.Combine("image.bin"), null, CancellationToken.None), "Dev", "image.bin", replace: false, CancellationToken.None);
        var download = Assert.Single(_server.Downloads.GetAll());
        Assert.Equal(DownloadState.Suspended, download.State);

        download.Resume();
        await download.Completion.WaitAsync(Limit);

        Assert.Equal(SchemaSeven.Image, await File.ReadAllBytesAsync(Path.Combine(_before.Home, "image.bin")));
        Assert.InRange(_server.GetStatus().BytesDownloaded, 1, SchemaSeven.Image.Length / 2);
        // What was received is shared on.
        Assert.Equal(2, _server.GetStatus().SharedFiles);
    }

    private static async Task LogInAsync(TrackerSession session, string name)
    {
        using var password = TestPassword.Secure();
        await session.LoginAsync(name, password, CancellationToken.None);
    }

    private async Task<TrackerSession> NewBobAsync()
    {
        var bob = new TrackerSession([_tracker.Address], new KnownTrackers(Path.GetRandomFileName()));
        await LogInAsync(bob, "Bob");
        return bob;
    }
}
