using System.Globalization;
using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Delta.Subjects;

/// <summary>This program's engine: a tracker, a seed, and new receivers each round.</summary>
/// <param name="port">Of the tracker.</param>
/// <param name="build">Another build of tracker and peers; null: this one.</param>
internal sealed class P2PShareSubject(Variant variant, Lab lab, Update update, int port, OtherBuild? build) : Subject(variant.Name, lab, update)
{
    private const string WarmUpFolder = "warm-up";
    private const string WarmUpName = $"{WarmUpFolder}/warm-up.bin";
    private const int WarmUpLength = 4 << 20;
    private const int ChangedLength = 64 << 10;

    // As many at once as do not make the tracker refuse: passwords are slow to hash.
    private const int LoginsAtOnce = 4;

    private readonly List<Peer> _receivers = [];
    private TrackerServer? _tracker;
    private Peer? _seed;
    private string _folder = "";
    private int _round;

    public override IReadOnlyList<string> Programs { get; } = [];

    public override bool HasOld => variant.HasOld;

    private OtherBuild? Build => variant.IsOtherBuild ? build : null;

    public override async Task StartAsync(string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        _tracker = await TrackerServer.StartAsync(Lab.Tracker, port, folder, new Dictionary<string, string>(), cancellationToken, Build?.Tracker);
        Processes.Add(_tracker.Id);
        _seed = StartPeer(Lab.Seed, "seed");
        await _seed.LogInAsync(_tracker, Path.Combine(folder, _seed.UserName), cancellationToken);
        await _seed.CreateGroupAsync(cancellationToken);
        await _seed.StartServerAsync(cancellationToken, variant.Compression);
        GeneratedFile.Write(Path.Combine(folder, "shared", WarmUpName), WarmUpLength, new Random(0), GeneratedFile.NewTime);
        await _seed.ShareAsync(Path.Combine(folder, "shared"), cancellationToken, variant.ChunkMap);
        await _seed.ShareAsync(Update.NewFolder, cancellationToken, variant.ChunkMap);
    }

    // The machines share the cores of one: what is not a property of the update, such as compiling the program, happens before. Restarted, a
    // receiver is not connected to the seed.
    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        _round++;
        foreach (var (index, host) in Lab.Receivers.Index())
        {
            _receivers.Add(StartPeer(host, string.Create(CultureInfo.InvariantCulture, $"receiver{_round}-{index}")));
        }

        await Parallel.ForEachAsync(_receivers, new ParallelOptions { MaxDegreeOfParallelism = LoginsAtOnce, CancellationToken = cancellationToken }, async (receiver, stop) =>
            await receiver.LogInAsync(_tracker!, Path.Combine(_folder, receiver.UserName), stop));
        foreach (var receiver in _receivers)
        {
            await receiver.JoinAsync(_seed!, cancellationToken);
        }

        await Task.WhenAll(_receivers.Select(receiver => WarmUpAsync(receiver, cancellationToken)));
        await Task.WhenAll(_receivers.Select(receiver => receiver.StartServerAsync(cancellationToken, variant.Compression)));
    }

    public override Task ReceiveAsync(int receiver, string folder, CancellationToken cancellationToken) => Update.IsFolder
        ? _receivers[receiver].SyncAsync(folder, Update.Names.First().Split('/')[0] + "/", cancellationToken)
        : _receivers[receiver].ReceiveAsync(folder, Update.Name, variant.OptionsFor(Update, Path.Combine(Update.OldFolder ?? "", Update.Name)), cancellationToken);

    public override async Task<double?> ReadCompilingAsync(CancellationToken cancellationToken)
    {
        var ofPeers = await Task.WhenAll(_receivers.Append(_seed!).Select(peer => peer.ReadCompilingAsync(cancellationToken)));
        return ofPeers.Sum() + await _tracker!.ReadCompilingAsync(cancellationToken);
    }

    public override async Task EndRoundAsync()
    {
        foreach (var receiver in _receivers)
        {
            await receiver.DisposeAsync();
            Processes.Remove(receiver.Process.Id);
        }

        _receivers.Clear();
    }

    public override async ValueTask DisposeAsync()
    {
        await EndRoundAsync();
        if (_seed is not null)
        {
            await _seed.DisposeAsync();
        }

        if (_tracker is not null)
        {
            await _tracker.DisposeAsync();
        }
    }

    private async Task WarmUpAsync(Peer receiver, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(_folder, "received", receiver.UserName);
        var old = Path.Combine(variant.HasOld ? folder : folder + "-old", WarmUpName);
        if (Update.OldFolder is not null)
        {
            GeneratedFile.Write(old, WarmUpLength, new Random(0), GeneratedFile.OldTime);
            GeneratedFile.Change(old, ChangedLength, new Random(1), GeneratedFile.OldTime);
        }

        await receiver.StartServerAsync(cancellationToken, variant.Compression);
        await receiver.ListAsync(cancellationToken);
        await (Update.IsFolder
            ? receiver.SyncAsync(folder, WarmUpFolder + "/", cancellationToken)
            : receiver.ReceiveAsync(folder, WarmUpName, variant.OptionsFor(Update, old), cancellationToken));
        await receiver.StopServerAsync(cancellationToken);
    }

    private Peer StartPeer(Machine machine, string user)
    {
        var peer = new Peer(machine, user, Swarm.Lab.SharedCores, Build);
        Processes.Add(peer.Process.Id);
        return peer;
    }
}
