using System.Net;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Support;

/// <summary>A user with a state folder, a session at a tracker, and a peer server on loopback.</summary>
internal sealed class TestPeer : IAsyncDisposable
{
    public const string Group = "dev";

    private readonly TemporaryFolder _folder = new();
    private readonly PeerServerOptions _options;

    private TestPeer(string userName, PeerServerOptions options)
    {
        UserName = userName;
        _options = options;
    }

    public string UserName { get; }

    public string Folder => _folder.Path;

    public StateFolder State { get; private set; } = null!;

    public TrackerSession Client { get; private set; } = null!;

    public PeerServer Server { get; private set; } = null!;

    public List<UploadRecord> Uploads { get; } = [];

    public List<string> Warnings { get; } = [];

    /// <summary>Creates the user; the first one of a tracker creates the group, <paramref name="owner"/> approves the others.</summary>
    public static Task<TestPeer> StartAsync(TestTracker tracker, string userName, TestPeer? owner, PeerServerOptions? options = null) =>
        StartAsync([tracker.Address], userName, owner, options);

    /// <inheritdoc cref="StartAsync(TestTracker, string, TestPeer?, PeerServerOptions?)"/>
    public static async Task<TestPeer> StartAsync(IReadOnlyList<TrackerAddress> trackers, string userName, TestPeer? owner, PeerServerOptions? options = null)
    {
        var peer = new TestPeer(userName, (options ?? new PeerServerOptions()) with { Address = IPAddress.Loopback })
        {
            Client = null!,
        };
        peer.State = StateFolder.Open(Path.Combine(peer.Folder, "state"));
        peer.Client = new TrackerSession(trackers, peer.State.KnownTrackers);
        await CreateUserAsync(peer.Client, userName, owner);
        await peer.RestartServerAsync();
        return peer;
    }

    /// <summary>Creates a user, without a peer, and makes it a member of the group.</summary>
    public static async Task CreateUserAsync(TestTracker tracker, string userName, TestPeer owner)
    {
        // The tracker's fingerprint is pinned: no known-trackers file is needed.
        using var client = new TrackerSession([tracker.Address], new KnownTrackers(Path.GetRandomFileName()));
        await CreateUserAsync(client, userName, owner);
    }

    /// <summary>Starts the peer server, after stopping the one that runs.</summary>
    public async Task RestartServerAsync()
    {
        await StopServerAsync();
        Server = await PeerServer.StartAsync(Client, State, _options.WithWarnings(AddWarning), CancellationToken.None);
        Server.UploadFinished += record =>
        {
            lock (Uploads)
            {
                Uploads.Add(record);
            }
        };
    }

    public async Task StopServerAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }

    public string MakeFile(string name, byte[] content)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public async Task<FileResponse> ShareAsync(string name, byte[] content, string group = Group)
    {
        var hashed = await FileHasher.HashAsync(MakeFile(name, content), null, CancellationToken.None);
        return await Server.Shares.ShareAsync(hashed, group, name, replace: false, CancellationToken.None);
    }

    public string DestinationOf(string name) => Path.Combine(Folder, "received", name);

    public Download Receive(FileResponse file, bool overwrite = false) => Server.Downloads.Start(
        new DownloadRequest(file.GroupIdentity, file.Name, file.Content, DestinationOf(file.Name), overwrite) { Attributes = file.Attributes });

    public async ValueTask DisposeAsync()
    {
        await StopServerAsync();
        Client.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    private void AddWarning(string warning)
    {
        lock (Warnings)
        {
            Warnings.Add(warning);
        }
    }

    private static async Task CreateUserAsync(TrackerSession client, string userName, TestPeer? owner)
    {
        using var password = TestPassword.Secure();
        await client.CreateUserAsync(userName, password, CancellationToken.None);
        await client.LoginAsync(userName, password, CancellationToken.None);
        if (owner is null)
        {
            await client.CreateGroupAsync(Group, CancellationToken.None);
        }
        else
        {
            await client.RequestJoinAsync(Group, CancellationToken.None);
            await owner.Client.ApproveJoinAsync(Group, userName, CancellationToken.None);
        }
    }
}
