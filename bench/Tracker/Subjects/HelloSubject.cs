using P2PShare.Bench.Measuring;
using P2PShare.Bench.Tracker.Servers;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Bench.Tracker.Subjects;

/// <summary>A bare Kestrel that is sent the same announces over the same protocol.</summary>
internal sealed class HelloSubject(string name, int connections) : Subject(name)
{
    private Child? _process;
    private Connections? _connections;

    public override async Task StartAsync(string folder, CancellationToken cancellationToken)
    {
        (_process, var authority) = await HelloServer.StartAsync(cancellationToken);
        _connections = new Connections(authority, fingerprint: null, connections);
    }

    public override Func<int, Task>? RequestOf(Case @case) => @case switch
    {
        Case.Announce => number => PostAsync(number, full: false),
        Case.FullAnnounce => number => PostAsync(number, full: true),
        _ => null,
    };

    public override async ValueTask DisposeAsync()
    {
        _connections?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
            _process = null;
        }
    }

    private Task<byte[]> PostAsync(int number, bool full) =>
        _connections!.SendAsync(number, HttpMethod.Post, TrackerRoutes.Peers, null, SimulatedPeers.AnnounceOf(number % P2PShareSubject.Peers, full));
}
