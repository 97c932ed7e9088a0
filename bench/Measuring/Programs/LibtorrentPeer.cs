using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>A libtorrent peer in a process of its own, through its Python bindings: libtorrent_peer.py is what runs there.</summary>
/// <param name="profile">Its settings: <c>loopback</c>, <c>line</c> or <c>swarm</c>.</param>
/// <param name="port">Port to listen on; 0: a free one.</param>
internal sealed class LibtorrentPeer(Machine machine, string profile, int port) : IAsyncDisposable
{
    // The bindings are a package of the system, which another Python on the PATH does not see.
    private const string Python = "/usr/bin/python3";

    public Child Process { get; } = machine.Start(
        Python, [Path.Combine(AppContext.BaseDirectory, "Measuring", "Programs", "libtorrent_peer.py"), profile, machine.Address, $"{port}"], name: "libtorrent");

    public static async Task<bool> IsInstalledAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Python))
        {
            return false;
        }

        try
        {
            await Child.RunAsync(Python, ["-c", "import libtorrent; assert libtorrent.version_major >= 2"], cancellationToken);
            return true;
        }
        catch (BenchException)
        {
            return false;
        }
    }

    /// <summary>Waits until it has started.</summary>
    /// <returns>The port that it listens on.</returns>
    public Task<string> GetPortAsync(CancellationToken cancellationToken) => AskAsync(cancellationToken, "port");

    /// <summary>Makes a torrent of a file or folder and shares it.</summary>
    /// <param name="pieceLength">0: as libtorrent chooses.</param>
    public Task SeedAsync(string path, string torrent, int pieceLength, CancellationToken cancellationToken) =>
        AskAsync(cancellationToken, "seed", path, torrent, $"{pieceLength}");

    /// <summary>Does what can be done of a reception before there is a source.</summary>
    public Task AddAsync(string torrent, string folder, CancellationToken cancellationToken) => AskAsync(cancellationToken, "add", torrent, folder);

    /// <summary>Receives what a torrent names into a folder, until the files have all of it.</summary>
    /// <param name="sources">host:port of each.</param>
    public Task ReceiveAsync(string torrent, string folder, IEnumerable<string> sources, CancellationToken cancellationToken) =>
        AskAsync(cancellationToken, ["receive", torrent, folder, .. sources]);

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private Task<string> AskAsync(CancellationToken cancellationToken, params string[] words) => Process.AskAsync(string.Join('\t', words), cancellationToken);
}
