using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>libtorrent through its Python bindings: a seed, and a new receiver each round.</summary>
internal sealed class LibtorrentSubject(string name) : Subject(name)
{
    private LibtorrentPeer? _seed;
    private LibtorrentPeer? _receiver;
    private string _torrent = "";
    private string _source = "";

    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => LibtorrentPeer.IsInstalledAsync(cancellationToken);

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _torrent = Path.Combine(folder, "content.torrent");
        _seed = StartPeer();
        await _seed.SeedAsync(content.IsLarge ? Path.Combine(content.Folder, content.Name) : content.Folder, _torrent, pieceLength: 0, cancellationToken);
        _source = $"{Machine.Local.Address}:{await _seed.GetPortAsync(cancellationToken)}";
    }

    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        _receiver = StartPeer();
        await _receiver.GetPortAsync(cancellationToken);
    }

    // The torrent of a folder makes the folder, under its name.
    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) =>
        _receiver!.ReceiveAsync(_torrent, content.IsLarge ? folder : Path.GetDirectoryName(folder)!, [_source], cancellationToken);

    public override async Task EndRoundAsync()
    {
        if (_receiver is { } receiver)
        {
            _receiver = null;
            await receiver.Process.EndAsync();
            Processes.Remove(receiver.Process.Id);
            await receiver.DisposeAsync();
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

    private LibtorrentPeer StartPeer()
    {
        var peer = new LibtorrentPeer(Machine.Local, "loopback", port: 0);
        Processes.Add(peer.Process.Id);
        return peer;
    }
}
