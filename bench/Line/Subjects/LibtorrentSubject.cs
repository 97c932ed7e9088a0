using P2PShare.Bench.Measuring.Programs;
using P2PShare.Bench.Transfer;

namespace P2PShare.Bench.Line.Subjects;

/// <summary>libtorrent without encryption: a seed, and a new receiver each round. It has one connection to a peer.</summary>
internal sealed class LibtorrentSubject(string name, FatLine line) : LineSubject(name, line)
{
    private const string Profile = "line";
    private const int Port = 6881;

    private LibtorrentPeer? _seed;
    private LibtorrentPeer? _receiver;
    private string _torrent = "";

    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => LibtorrentPeer.IsInstalledAsync(cancellationToken);

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _torrent = Path.Combine(folder, "content.torrent");
        _seed = new LibtorrentPeer(Line.Source, Profile, Port);
        Processes.Add(_seed.Process.Id);
        await _seed.SeedAsync(Path.Combine(content.Folder, content.Name), _torrent, pieceLength: 0, cancellationToken);
    }

    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        _receiver = new LibtorrentPeer(Line.Receiver, Profile, Port);
        Processes.Add(_receiver.Process.Id);
        await _receiver.GetPortAsync(cancellationToken);
    }

    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) =>
        _receiver!.ReceiveAsync(_torrent, folder, [$"{Line.Source.Address}:{Port}"], cancellationToken);

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
}
