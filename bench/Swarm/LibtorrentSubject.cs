using System.Globalization;
using P2PShare.Protocol.Content;

namespace P2PShare.Bench.Swarm;

/// <summary>libtorrent, the same piece length, every receiver told the addresses of all others.</summary>
internal sealed class LibtorrentSubject(Trial trial) : ISubject
{
    public const string Python = "/usr/bin/python3";
    private const int Port = 6881;

    private readonly List<Worker> _peers = [];

    public IReadOnlyList<Worker> Workers => _peers;

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "libtorrent_peer.py");
        foreach (var host in trial.Hosts)
        {
            _peers.Add(host.Start(Python, script, host.Address, Port.ToString(CultureInfo.InvariantCulture)));
        }

        var torrent = Path.Combine(trial.Folder, "content.torrent");
        var pieceLength = PieceLength.For(new FileInfo(trial.ContentPath).Length);
        await _peers[0].AskAsync($"make {trial.ContentPath} {pieceLength} {torrent}", cancellationToken);
        await _peers[0].AskAsync($"add {torrent} {Path.GetDirectoryName(trial.ContentPath)}", cancellationToken);
        await Task.WhenAll(Enumerable.Range(1, _peers.Count - 1).Select(i =>
            _peers[i].AskAsync($"add {torrent} {trial.FolderOf(i)}", cancellationToken)));
    }

    public Task ReceiveAsync(int receiver, CancellationToken cancellationToken)
    {
        var others = trial.Hosts.Where((_, i) => i != receiver + 1).Select(host => host.Address);
        return _peers[receiver + 1].AskAsync($"receive {string.Join(' ', others)}", cancellationToken);
    }

    public string? PathOf(int receiver) => Path.Combine(trial.FolderOf(receiver + 1), trial.FileName) is var path && File.Exists(path) ? path : null;

    public void Dispose()
    {
        foreach (var peer in _peers)
        {
            peer.Dispose();
        }
    }
}
