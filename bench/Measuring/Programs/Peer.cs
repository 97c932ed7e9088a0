using System.Globalization;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>A P2PShare peer in a process of its own: what it does there is <see cref="PeerRole"/>.</summary>
internal sealed class Peer(Machine machine, string userName, IReadOnlyDictionary<string, string>? environment = null, OtherBuild? build = null) : IAsyncDisposable
{
    // The garbage collector is not that of a server, as in PowerShell.
    public Child Process { get; } = machine.StartRole(
        [PeerRole.Name],
        new Dictionary<string, string>(environment ?? new Dictionary<string, string>())
        {
            ["DOTNET_gcServer"] = "0",
            // As the program p2pshare is configured (src/ShortLived.targets); 0x2710 is 10,000.
            ["DOTNET_TieredPGO"] = "0",
            ["DOTNET_TC_CallCountingDelayMs"] = "0",
            ["DOTNET_TC_CallCountThreshold"] = "2710",
        },
        $"peer {userName}",
        build?.Assembly);

    public string UserName { get; } = userName;

    /// <summary>Makes an account and logs in.</summary>
    /// <param name="stateFolder">This peer's own.</param>
    public Task LogInAsync(TrackerServer tracker, string stateFolder, CancellationToken cancellationToken) =>
        AskAsync(cancellationToken, "login", tracker.Address, tracker.Fingerprint.ToString(), UserName, stateFolder);

    /// <summary>Makes the group that all share files in.</summary>
    public Task CreateGroupAsync(CancellationToken cancellationToken) => AskAsync(cancellationToken, "group");

    /// <summary>Becomes a member of the group.</summary>
    public async Task JoinAsync(Peer owner, CancellationToken cancellationToken)
    {
        await AskAsync(cancellationToken, "join");
        await owner.AskAsync(cancellationToken, "approve", UserName);
    }

    /// <param name="compression">Whether it may compress blocks and ask for compressed ones.</param>
    public Task StartServerAsync(CancellationToken cancellationToken, bool compression = true) =>
        AskAsync(cancellationToken, compression ? ["start"] : ["start", PeerRole.NoCompression]);

    public Task StopServerAsync(CancellationToken cancellationToken) => AskAsync(cancellationToken, "stop");

    /// <summary>Shares a file, or all files of a folder and of those in it, named by their paths in it.</summary>
    /// <param name="chunkMap">Whether it makes a chunk map of each.</param>
    public Task ShareAsync(string path, CancellationToken cancellationToken, bool chunkMap = false) =>
        AskAsync(cancellationToken, chunkMap ? ["share", path, PeerRole.ChunkMap] : ["share", path]);

    /// <summary>Asks the tracker for the files of the group.</summary>
    public Task ListAsync(CancellationToken cancellationToken) => AskAsync(cancellationToken, "list");

    /// <summary>Receives one of the files that were listed.</summary>
    public Task ReceiveAsync(string folder, string name, CancellationToken cancellationToken) => AskAsync(cancellationToken, "receive", folder, name);

    /// <summary>Receives one of the files that were listed, for a destination that may have an old version of it.</summary>
    public Task ReceiveAsync(string folder, string name, ReceiveOptions options, CancellationToken cancellationToken) =>
        AskAsync(cancellationToken, ["receive", folder, name, .. options.Words]);

    /// <summary>Makes a folder equal to the files of the group whose names begin with a prefix.</summary>
    public Task SyncAsync(string folder, string prefix, CancellationToken cancellationToken) => AskAsync(cancellationToken, "sync", folder, prefix);

    /// <summary>Lists the files of the group and receives all of them.</summary>
    public Task ReceiveAllAsync(string folder, CancellationToken cancellationToken) => AskAsync(cancellationToken, "receive", folder);

    /// <summary>Hashes a file as sharing does.</summary>
    /// <returns>By which instructions, <see cref="PeerRole.Avx512"/> or <see cref="PeerRole.Fallback"/>, and in how many seconds.</returns>
    public async Task<(string Instructions, double Seconds)> HashAsync(string path, CancellationToken cancellationToken)
    {
        var words = (await AskAsync(cancellationToken, "hash", path)).Split(' ');
        return (words[0], double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    /// <summary>What it has spent compiling so far, in seconds.</summary>
    public async Task<double> ReadCompilingAsync(CancellationToken cancellationToken) =>
        CompilingTime.Parse(await AskAsync(cancellationToken, "compiling")) ?? throw new BenchException("A peer did not report what it has spent compiling.");

    /// <summary>Stops its server and ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        await Process.EndAsync();
        await Process.DisposeAsync();
    }

    private async Task<string> AskAsync(CancellationToken cancellationToken, params string[] words)
    {
        var answer = await Process.AskAsync(string.Join('\t', words), cancellationToken);
        return answer.StartsWith(PeerRole.Failed, StringComparison.Ordinal) ? throw new BenchException($"{UserName}: {answer[PeerRole.Failed.Length..]}") : answer;
    }
}
