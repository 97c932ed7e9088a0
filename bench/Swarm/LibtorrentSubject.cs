using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Protocol.Content;

namespace P2PShare.Bench.Swarm;

/// <summary>libtorrent, the same piece length, every receiver told the addresses of all others.</summary>
internal sealed class LibtorrentSubject(Trial trial) : Subject
{
    private const int Port = 6881;

    private readonly string _torrent = Path.Combine(trial.Folder, "content.torrent");
    private readonly List<LibtorrentPeer> _peers = [];

    public override IReadOnlyList<Child> Processes => [.. _peers.Select(peer => peer.Process)];

    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        foreach (var host in trial.Hosts)
        {
            _peers.Add(new LibtorrentPeer(host, "swarm", Port));
        }

        await _peers[0].SeedAsync(trial.ContentPath, _torrent, PieceLength.For(new FileInfo(trial.ContentPath).Length), cancellationToken);
        await Task.WhenAll(Enumerable.Range(1, _peers.Count - 1).Select(i => _peers[i].AddAsync(_torrent, trial.FolderOf(i), cancellationToken)));
    }

    public override Task ReceiveAsync(int receiver, CancellationToken cancellationToken)
    {
        var others = trial.Hosts.Where((_, i) => i != receiver + 1).Select(host => $"{host.Address}:{Port}");
        return _peers[receiver + 1].ReceiveAsync(_torrent, trial.FolderOf(receiver + 1), others, cancellationToken);
    }

    public override string? PathOf(int receiver) => Path.Combine(trial.FolderOf(receiver + 1), trial.FileName) is var path && File.Exists(path) ? path : null;

    public override async ValueTask DisposeAsync()
    {
        foreach (var peer in _peers)
        {
            await peer.DisposeAsync();
        }
    }
}
