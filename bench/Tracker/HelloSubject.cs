using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Bench.Tracker;

/// <summary>A bare Kestrel (<see cref="HelloRole"/>) that is sent the same requests over the same protocol, and sends answers of the same length.</summary>
internal sealed class HelloSubject(string name, int connections) : Subject(name)
{
    // Of the length of a real one; this server checks nothing.
    private static readonly FingerprintProof Proof = new(new byte[91], new byte[64]);

    private Child? _process;
    private Connections? _connections;

    public override IEnumerable<int> ProcessIds => [_process!.Id];

    public override async Task StartAsync(string folder, CancellationToken cancellationToken)
    {
        var port = LoopbackPort.Free();
        _process = Machine.Local.StartRole([HelloRole.Name, $"{port}"]);
        await _process.ReadLineAsync(cancellationToken);
        _connections = new Connections($"{Machine.Local.Address}:{port}", fingerprint: null, connections);
    }

    public override Func<int, Task>? RequestOf(Case @case) => @case switch
    {
        Case.Announce => number => PostAsync(number, full: false),
        Case.FullAnnounce => number => PostAsync(number, full: true),
        Case.Sources => number => AnswerAsync(number, HttpMethod.Post, SimulatedPeers.SourcesBody, AnswerLengths.Sources),
        Case.Files => number => AnswerAsync(number, HttpMethod.Get, null, AnswerLengths.Files),
        Case.UnchangedFiles => number => AnswerAsync(number, HttpMethod.Get, null, 0),
        Case.Write => number => AnswerAsync(number, HttpMethod.Post, SimulatedPeers.GroupBody(number), AnswerLengths.Group),
        _ => null,
    };

    public override async Task<double?> ReadCompilingAsync(CancellationToken cancellationToken) =>
        CompilingTime.Parse(await _process!.AskAsync("", cancellationToken));

    public override async ValueTask DisposeAsync()
    {
        _connections?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private Task<byte[]> AnswerAsync(int number, HttpMethod method, byte[]? json, int length) =>
        _connections!.SendAsync(number, method, HelloRole.AnswerOf(length), null, json);

    private Task<byte[]> PostAsync(int number, bool full) =>
        _connections!.SendAsync(number, HttpMethod.Post, TrackerRoutes.Peers, null, SimulatedPeers.AnnounceOf(number % P2PShareSubject.Peers, full, Guid.Empty, Proof));
}
