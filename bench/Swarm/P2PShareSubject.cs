using System.Security.Cryptography;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Protocol.Names;

namespace P2PShare.Bench.Swarm;

/// <summary>This program: a tracker, and a peer server in a process of its own on every machine.</summary>
internal sealed class P2PShareSubject(Trial trial) : Subject
{
    private const int TrackerPort = 8001;
    private const string WarmUpName = "warm-up.bin";
    private const int WarmUpLength = 1024 * 1024;

    private readonly List<Peer> _peers = [];
    private TrackerServer? _tracker;

    public override IReadOnlyList<Child> Processes => [.. _peers.Select(peer => peer.Process)];

    public override IEnumerable<int> ProcessIds => base.ProcessIds.Append(_tracker!.Id);

    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        _tracker = await TrackerServer.StartAsync(
            trial.Tracker, TrackerPort, Directory.CreateDirectory(Path.Combine(trial.Folder, "tracker")).FullName, new Dictionary<string, string>(), cancellationToken);
        foreach (var (index, host) in trial.Hosts.Index())
        {
            _peers.Add(new Peer(host, $"user{index}", Lab.SharedCores));
        }

        // As many at once as do not make the tracker refuse: passwords are slow to hash.
        await Parallel.ForAsync(0, _peers.Count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken }, async (i, _) =>
            await _peers[i].LogInAsync(_tracker, Path.Combine(trial.FolderOf(i), "state"), cancellationToken));
        await _peers[0].CreateGroupAsync(cancellationToken);
        foreach (var peer in _peers.Skip(1))
        {
            await peer.JoinAsync(_peers[0], cancellationToken);
        }

        await Task.WhenAll(_peers.Select(peer => peer.StartServerAsync(cancellationToken)));

        // Here all machines share a few cores that would compile the same program at the same time: that is not a
        // property of a swarm, so it happens before. Restarted, no peer is connected to another.
        var warmUp = Path.Combine(trial.Folder, WarmUpName);
        await File.WriteAllBytesAsync(warmUp, RandomNumberGenerator.GetBytes(WarmUpLength), cancellationToken);
        await _peers[0].ShareAsync(warmUp, cancellationToken);
        await _peers[0].ShareAsync(trial.ContentPath, cancellationToken);
        await Task.WhenAll(_peers.Select(peer => peer.ListAsync(cancellationToken)));
        await Task.WhenAll(_peers.Skip(1).Select((peer, i) => peer.ReceiveAsync(trial.FolderOf(i + 1), WarmUpName, cancellationToken)));
        await Task.WhenAll(_peers.Select(peer => peer.StopServerAsync(cancellationToken)));
        await Task.WhenAll(_peers.Select(peer => peer.StartServerAsync(cancellationToken)));
    }

    public override Task ReceiveAsync(int receiver, CancellationToken cancellationToken) =>
        _peers[receiver + 1].ReceiveAsync(trial.FolderOf(receiver + 1), trial.FileName, cancellationToken);

    public override string? PathOf(int receiver)
    {
        var path = Path.Combine(trial.FolderOf(receiver + 1), trial.FileName);
        return File.Exists(path) ? path : File.Exists(path + FileName.PartSuffix) ? path + FileName.PartSuffix : null;
    }

    public override async Task<double?> ReadCompilingAsync(CancellationToken cancellationToken)
    {
        try
        {
            var ofPeers = await Task.WhenAll(_peers.Select(peer => peer.ReadCompilingAsync(cancellationToken)));
            return ofPeers.Sum() + await _tracker!.ReadCompilingAsync(cancellationToken);
        }
        catch (BenchException)
        {
            return null;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        // At once: nothing of the round is needed any more.
        foreach (var peer in _peers)
        {
            await peer.Process.DisposeAsync();
        }

        if (_tracker is not null)
        {
            await _tracker.DisposeAsync();
        }
    }
}
