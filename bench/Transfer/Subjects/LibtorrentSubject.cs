using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>libtorrent through its Python bindings: a seed, and a new receiver each round.</summary>
internal sealed class LibtorrentSubject(string name) : Subject(name)
{
    // The bindings are a package of the system, which another Python on the PATH does not see.
    private const string Python = "/usr/bin/python3";

    private Child? _seed;
    private Child? _receiver;
    private string _torrent = "";
    private string _port = "";

    public override async Task<bool> IsInstalledAsync(CancellationToken cancellationToken)
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

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _torrent = Path.Combine(folder, "content.torrent");
        _seed = StartPeer();
        _port = await _seed.AskAsync(
            $"seed\t{(content.IsLarge ? Path.Combine(content.Folder, content.Name) : content.Folder)}\t{_torrent}", cancellationToken);
    }

    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        _receiver = StartPeer();
        await _receiver.AskAsync("ready", cancellationToken);
    }

    // The torrent of a folder makes the folder, under its name.
    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) =>
        _receiver!.AskAsync($"receive\t{_torrent}\t{(content.IsLarge ? folder : Path.GetDirectoryName(folder))}\t{_port}", cancellationToken);

    public override async Task EndRoundAsync()
    {
        if (_receiver is not null)
        {
            await _receiver.EndAsync();
            Processes.Remove(_receiver.Id);
            await _receiver.DisposeAsync();
            _receiver = null;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await EndRoundAsync();
        if (_seed is not null)
        {
            await _seed.DisposeAsync();
        }
    }

    private Child StartPeer()
    {
        var peer = Child.Start(Python, [Path.Combine(AppContext.BaseDirectory, "libtorrent_peer.py")]);
        Processes.Add(peer.Id);
        return peer;
    }
}
