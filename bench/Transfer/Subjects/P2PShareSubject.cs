using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>This program's engine: a tracker, sources that hold all, and a new receiver each round.</summary>
internal sealed class P2PShareSubject(string name, int sources) : Subject(name)
{
    private readonly List<Peer> _sources = [];
    private TrackerServer? _tracker;
    private string _folder = "";
    private int _round;
    private Peer? _receiver;

    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        _tracker = await TrackerServer.StartAsync(Machine.Local, LoopbackPort.Free(), folder, new Dictionary<string, string>(), cancellationToken);
        Processes.Add(_tracker.Id);
        for (var i = 1; i <= sources; i++)
        {
            var source = StartPeer($"source{i}");
            _sources.Add(source);
            await LogInAsync(source, cancellationToken);
            await source.ShareAsync(content.Folder, cancellationToken);
        }
    }

    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        _receiver = StartPeer($"receiver{++_round}");
        await LogInAsync(_receiver, cancellationToken);
    }

    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) =>
        _receiver!.ReceiveAllAsync(folder, cancellationToken);

    public override async Task<double?> ReadCompilingAsync(CancellationToken cancellationToken)
    {
        var sum = await _tracker!.ReadCompilingAsync(cancellationToken);
        foreach (var peer in _sources.Append(_receiver!))
        {
            sum += await peer.ReadCompilingAsync(cancellationToken);
        }

        return sum;
    }

    public override async Task EndRoundAsync()
    {
        if (_receiver is { } receiver)
        {
            _receiver = null;
            await receiver.DisposeAsync();
            Processes.Remove(receiver.Process.Id);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await EndRoundAsync();
        foreach (var source in _sources)
        {
            await source.DisposeAsync();
        }

        if (_tracker is not null)
        {
            await _tracker.DisposeAsync();
        }
    }

    private Peer StartPeer(string user)
    {
        var peer = new Peer(Machine.Local, user);
        Processes.Add(peer.Process.Id);
        return peer;
    }

    private async Task LogInAsync(Peer peer, CancellationToken cancellationToken)
    {
        await peer.LogInAsync(_tracker!, Path.Combine(_folder, peer.UserName), cancellationToken);
        if (peer == _sources[0])
        {
            await peer.CreateGroupAsync(cancellationToken);
        }
        else
        {
            await peer.JoinAsync(_sources[0], cancellationToken);
        }

        await peer.StartServerAsync(cancellationToken);
    }
}
