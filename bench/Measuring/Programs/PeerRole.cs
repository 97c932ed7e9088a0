using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics.X86;
using System.Security;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Syncing;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>
/// The engine as the module uses it, without a shell around it, in a process of its own that does what it is asked over its
/// standard input and answers a line for each: <see cref="Peer"/> is the other side.
/// </summary>
internal sealed class PeerRole : IAsyncDisposable
{
    public const string Name = "peer";
    public const string Done = "ok";
    public const string Failed = "failed: ";
    public const string Avx512 = "avx512";
    public const string Fallback = "fallback";
    public const string NoCompression = "no-compression";
    public const string ChunkMap = "chunk-map";

    private const string Group = "bench";
    // As many as the cmdlets receive by default.
    private const int FilesAtOnce = 16;

    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 64 };

    // As many as the cmdlets hash.
    private static readonly ParallelOptions HashesAtOnce = new() { MaxDegreeOfParallelism = Math.Max(4, Environment.ProcessorCount) };

    private string _userName = "";
    private StateFolder? _state;
    private TrackerSession? _client;
    private PeerServer? _server;
    private IReadOnlyList<FileResponse> _files = [];

    public static async Task RunAsync()
    {
        await using var peer = new PeerRole();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            string answer;
            try
            {
                answer = await peer.DoAsync(line.Split('\t'));
            }
            catch (Exception e)
            {
                answer = Failed + (e is P2PShareException ? e.Message : $"{e.GetType().Name}: {e.Message}").ReplaceLineEndings(" ");
            }

            Console.WriteLine(answer);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _client?.Dispose();
    }

    private async Task<string> DoAsync(string[] words)
    {
        switch (words)
        {
            case ["login", var tracker, var fingerprint, var userName, var folder]:
                _userName = userName;
                _state = StateFolder.Open(folder);
                _client = new TrackerSession([TrackerAddress.Parse(tracker, Hash256.Parse(fingerprint))], _state.KnownTrackers);
                await Client.CreateUserAsync(_userName, Password(), CancellationToken.None);
                await Client.LoginAsync(_userName, Password(), CancellationToken.None);
                break;
            case ["group"]:
                await Client.CreateGroupAsync(Group, CancellationToken.None);
                break;
            case ["join"]:
                await Client.RequestJoinAsync(Group, CancellationToken.None);
                break;
            case ["approve", var userName]:
                await Client.ApproveJoinAsync(Group, userName, CancellationToken.None);
                break;
            case ["start", .. var options]:
                _server = await PeerServer.StartAsync(
                    Client, _state!, new PeerServerOptions { Compression = !options.Contains(NoCompression) }, CancellationToken.None);
                break;
            case ["stop"]:
                await Server.DisposeAsync();
                break;
            case ["share", var path, .. var options]:
                await ShareAllAsync(path, options.Contains(ChunkMap));
                break;
            case ["list"]:
                _files = [.. await Client.ListFilesAsync(Group, ListQuery.All, CancellationToken.None).ToListAsync()];
                break;
            case ["receive", var folder]:
                await ReceiveAllAsync(folder);
                break;
            case ["receive", var folder, var name, .. var options]:
                await ReceiveAsync(folder, _files.Single(file => file.Name == name), ReceiveOptions.Parse(options));
                break;
            case ["sync", var folder, var prefix]:
                await SyncAsync(folder, prefix);
                break;
            case ["hash", var path]:
                return await HashAsync(path);
            case ["compiling"]:
                return CompilingTime.Line();
            default:
                throw new BenchException($"'{string.Join(' ', words)}' is not something that a peer does.");
        }

        return Done;
    }

    private TrackerSession Client => _client ?? throw new BenchException("The peer is not logged in.");

    private PeerServer Server => _server ?? throw new BenchException("The peer server is not started.");

    // As the engine chooses.
    private static string Instructions => Avx512F.IsSupported && Avx512BW.IsSupported ? Avx512 : Fallback;

    private static async Task<string> HashAsync(string path)
    {
        var watch = Stopwatch.StartNew();
        await FileHasher.HashAsync(path, null, CancellationToken.None);
        return string.Create(CultureInfo.InvariantCulture, $"{Instructions} {watch.Elapsed.TotalSeconds}");
    }

    private async Task ShareAllAsync(string path, bool chunkMap)
    {
        var isFolder = Directory.Exists(path);
        await Parallel.ForEachAsync(isFolder ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories) : [path], AtOnce, async (file, _) =>
        {
            var hashed = await FileHasher.HashAsync(file, null, CancellationToken.None);
            if (chunkMap)
            {
                await Server.ChunkMaps.MakeAsync(hashed, CancellationToken.None);
            }

            await Server.Shares.ShareAsync(
                hashed,
                Group,
                isFolder ? Path.GetRelativePath(path, file).Replace(Path.DirectorySeparatorChar, '/') : Path.GetFileName(file),
                replace: false,
                CancellationToken.None);
        });
    }

    private Task ReceiveAsync(string folder, FileResponse file, ReceiveOptions options) =>
        Server.Downloads.Start(options.RequestFor(file, DestinationPath.Resolve(folder, file.Name))).Completion;

    private async Task ReceiveAllAsync(string folder) => await ReceiveAllAsync(
        Client.ListFilesAsync(Group, ListQuery.All, CancellationToken.None)
            .Select(file => new ReceiveOptions().RequestFor(file, DestinationPath.Resolve(folder, file.Name))));

    // As Sync-P2PGroup does in a folder whose files it has never hashed.
    private async Task SyncAsync(string folder, string prefix)
    {
        var files = await Client.ListFilesAsync(Group, new ListQuery(prefix), CancellationToken.None).ToListAsync();
        var sync = new FolderSync(folder, Group, files, _ => null);
        sync.Compare();
        var hashed = new HashedFile[sync.ToHash.Count];
        await Parallel.ForAsync(0, hashed.Length, HashesAtOnce, async (i, _) =>
            hashed[i] = await FileHasher.HashAsync(sync.ToHash[i].Path, folder, null, CancellationToken.None));
        foreach (var (file, own) in sync.ToHash.Zip(hashed))
        {
            sync.Judge(file, own);
        }

        foreach (var (name, file) in sync.Equal)
        {
            Server.Shares.Adopt(file, files[0].GroupIdentity, name);
        }

        if (sync.Faults is [var fault, ..])
        {
            throw fault.Fault;
        }

        await ReceiveAllAsync(sync.ToReceive.Select(change => change.Request!).ToAsyncEnumerable());
    }

    // As the cmdlets do.
    private async Task ReceiveAllAsync(IAsyncEnumerable<DownloadRequest> requests)
    {
        var batch = new DownloadBatch(Server.Downloads.Start, Server.Completion, FilesAtOnce);
        await foreach (var request in requests)
        {
            while (!batch.HasRoom)
            {
                await TakeAsync(batch);
            }

            batch.Start(request, request);
        }

        while (!batch.IsEmpty)
        {
            await TakeAsync(batch);
        }
    }

    private static async Task TakeAsync(DownloadBatch batch)
    {
        await batch.WaitAsync(CancellationToken.None);
        while (batch.TryTake(out var outcome))
        {
            if (outcome.Fault is { } fault)
            {
                throw fault;
            }
        }
    }

    private static SecureString Password()
    {
        // Of accounts that live as long as the benchmark.
        var password = new SecureString();
        foreach (var c in "benchmark-only")
        {
            password.AppendChar(c);
        }

        return password;
    }
}
