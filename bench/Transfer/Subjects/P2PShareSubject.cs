using P2PShare.Bench.Measuring;
using P2PShare.Bench.Transfer.Servers;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>This program's engine: a tracker, sources that hold all, and a new receiver each round.</summary>
internal sealed class P2PShareSubject(string name, int sources) : Subject(name)
{
    private readonly List<Child> _sources = [];
    private TrackerServer? _tracker;
    private string _folder = "";
    private int _round;
    private Child? _receiver;

    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        _tracker = await TrackerServer.StartAsync(folder, cancellationToken);
        Processes.Add(_tracker.Id);
        for (var i = 1; i <= sources; i++)
        {
            var source = StartPeer($"source{i}");
            _sources.Add(source);
            if (i == 1)
            {
                await source.AskAsync("owner", cancellationToken);
            }
            else
            {
                await JoinAsync(source, $"source{i}", cancellationToken);
            }

            await source.AskAsync($"share {content.Folder}", cancellationToken);
        }
    }

    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var user = $"receiver{++_round}";
        _receiver = StartPeer(user);
        await JoinAsync(_receiver, user, cancellationToken);
    }

    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) =>
        _receiver!.AskAsync($"receive {folder}", cancellationToken);

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
        foreach (var source in _sources)
        {
            await source.EndAsync();
            await source.DisposeAsync();
        }

        if (_tracker is not null)
        {
            await _tracker.DisposeAsync();
        }
    }

    private Child StartPeer(string user)
    {
        var peer = Child.Start(Environment.ProcessPath!, ["role", _tracker!.Address, _tracker.Fingerprint, user, Path.Combine(_folder, user)]);
        Processes.Add(peer.Id);
        return peer;
    }

    private async Task JoinAsync(Child peer, string user, CancellationToken cancellationToken)
    {
        await peer.AskAsync("join", cancellationToken);
        await _sources[0].AskAsync($"approve {user}", cancellationToken);
        await peer.AskAsync("start", cancellationToken);
    }
}
