using System.Reflection;
using System.Security.Cryptography;
using P2PShare.Protocol.Names;

namespace P2PShare.Bench.Swarm;

/// <summary>This program: a tracker, and a peer server in a process of its own on every machine.</summary>
internal sealed class P2PShareSubject(Trial trial) : ISubject
{
    private const string WarmUpName = "warm-up.bin";
    private const int WarmUpLength = 1024 * 1024;

    private readonly List<Worker> _peers = [];
    private Worker? _tracker;

    public IReadOnlyList<Worker> Workers => _peers;

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var (address, fingerprint) = await StartTrackerAsync(cancellationToken);
        for (var i = 0; i < trial.Hosts.Count; i++)
        {
            _peers.Add(trial.Hosts[i].Start(
                Program.Self[0], [.. Program.Self[1..], "peer", address, fingerprint, $"user{i}", Path.Combine(trial.FolderOf(i), "state")]));
        }

        // As many at once as do not make the tracker refuse: passwords are slow to hash.
        await Parallel.ForAsync(0, _peers.Count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken }, async (i, _) =>
            await AskAsync(i, "login", cancellationToken));
        await AskAsync(0, "group", cancellationToken);
        for (var i = 1; i < _peers.Count; i++)
        {
            await AskAsync(i, "join", cancellationToken);
            await AskAsync(0, $"approve user{i}", cancellationToken);
        }

        await AskAllAsync("start", cancellationToken);

        // Here all machines share a few cores that would compile the same program at the same time: that is no
        // property of a swarm, so it happens before. Restarted, no peer is connected to another.
        var warmUp = Path.Combine(trial.Folder, WarmUpName);
        await File.WriteAllBytesAsync(warmUp, RandomNumberGenerator.GetBytes(WarmUpLength), cancellationToken);
        await AskAsync(0, $"share {warmUp}", cancellationToken);
        await AskAsync(0, $"share {trial.ContentPath}", cancellationToken);
        await AskAllAsync("list", cancellationToken);
        await Task.WhenAll(Enumerable.Range(1, _peers.Count - 1).Select(i =>
            AskAsync(i, $"receive {Path.Combine(trial.FolderOf(i), WarmUpName)}", cancellationToken)));
        await AskAllAsync("stop", cancellationToken);
        await AskAllAsync("start", cancellationToken);
    }

    public Task ReceiveAsync(int receiver, CancellationToken cancellationToken) =>
        AskAsync(receiver + 1, $"receive {Path.Combine(trial.FolderOf(receiver + 1), trial.FileName)}", cancellationToken);

    public string? PathOf(int receiver)
    {
        var path = Path.Combine(trial.FolderOf(receiver + 1), trial.FileName);
        return File.Exists(path) ? path : File.Exists(path + FileName.PartSuffix) ? path + FileName.PartSuffix : null;
    }

    public void Dispose()
    {
        foreach (var peer in _peers)
        {
            peer.Dispose();
            if (Environment.GetEnvironmentVariable("SWARM_TRACE") is not null)
            {
                Console.Error.WriteLine(peer.Errors);
            }
        }

        _tracker?.Dispose();
    }

    private async Task<(string Address, string Fingerprint)> StartTrackerAsync(CancellationToken cancellationToken)
    {
        const string FingerprintPrefix = "fingerprint: ";
        var address = $"{trial.Tracker.Address}:8001";
        var folder = Directory.CreateDirectory(Path.Combine(trial.Folder, "tracker")).FullName;
        var info = Path.Combine(folder, "tracker_info.txt");
        await File.WriteAllTextAsync(info, address, cancellationToken);
        var program = typeof(P2PShareSubject).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "TrackerProgram").Value!;
        _tracker = trial.Tracker.Start("dotnet", program, info, "1", $"--Tracker:DataPath={Path.Combine(folder, "data")}");
        while (true)
        {
            var line = await _tracker.AnswerAsync(cancellationToken);
            if (line.StartsWith(FingerprintPrefix, StringComparison.Ordinal))
            {
                return (address, line[FingerprintPrefix.Length..]);
            }
        }
    }

    private Task AskAllAsync(string line, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, _peers.Count).Select(i => AskAsync(i, line, cancellationToken)));

    private async Task AskAsync(int peer, string line, CancellationToken cancellationToken)
    {
        if (await _peers[peer].AskAsync(line, cancellationToken) is var answer and not "ok")
        {
            throw new InvalidOperationException(answer);
        }
    }
}
