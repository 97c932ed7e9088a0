using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Bench.Tracker;

/// <summary>P2PShare's tracker: one instance, or several that share a database and the requests.</summary>
internal sealed class P2PShareSubject(string name, int instances, bool isPostgres, PostgresDatabases? postgres, int connections) : Subject(name)
{
    /// <summary>Peers that are online while requests are timed.</summary>
    public const int Peers = 10_000;

    private const int Concurrency = 128;

    // The few users of the bench make groups, and log in from one address, as fast as they can.
    public static readonly Dictionary<string, string> Unlimited = new()
    {
        ["Tracker:GroupsPerUser"] = "1000000000",
        ["Tracker:PeersPerUser"] = "1000000",
        ["Tracker:PeersPerUserAndGroup"] = "1000000",
        ["Tracker:HoldingsPerUser"] = "1000000000",
        ["Tracker:SessionsPerUser"] = "1000000",
        ["Tracker:LoginsPerMinute"] = "1000000",
        ["Tracker:RequestsPerMinute"] = "10000000",
        ["Tracker:AnnouncesPerMinute"] = "10000000",
        ["Tracker:DialRequestsPerMinute"] = "10000000",
        ["Tracker:TotalDialRequestsPerMinute"] = "10000000",
        ["Tracker:DialStreams"] = "1000000",
        ["Tracker:DialStreamsPerUser"] = "1000000",
        ["Tracker:ConnectionsPerAddress"] = "1000000",
    };

    private readonly List<TrackerServer> _servers = [];
    private readonly List<Connections> _connections = [];
    private SimulatedPeers? _peers;

    public override string? Missing => isPostgres && postgres is null ? "not run: --postgres names no server" : null;

    public override IEnumerable<int> ProcessIds => _servers.Select(server => server.Id);

    public override async Task StartAsync(string folder, CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>(Unlimited);
        if (postgres is not null)
        {
            settings["Tracker:Database"] = "postgres";
            settings["ConnectionStrings:Tracker"] = await postgres.CreateAsync(cancellationToken);
        }

        for (var i = 0; i < instances; i++)
        {
            var server = await TrackerServer.StartAsync(
                Machine.Local, LoopbackPort.Free(), Directory.CreateDirectory(Path.Combine(folder, $"{i}")).FullName, settings, cancellationToken);
            _servers.Add(server);
            _connections.Add(new Connections(server.Address, server.Fingerprint, Math.Max(1, connections / instances)));
        }

        _peers = await SimulatedPeers.CreateAsync(Turn, cancellationToken);
        await BringOnlineAsync(0, Peers, cancellationToken);
    }

    public override Func<int, Task> RequestOf(Case @case) => @case switch
    {
        Case.Announce => number => _peers!.StayOnlineAsync(Turn(number % Peers), number % Peers),
        Case.FullAnnounce => number => _peers!.ComeOnlineAsync(Turn(number % Peers), number % Peers),
        Case.Sources => number => _peers!.FindSourcesAsync(Turn(number), number),
        Case.Files => number => _peers!.ListFilesAsync(Turn(number), number),
        Case.UnchangedFiles => number => _peers!.ListUnchangedFilesAsync(Turn(number), number),
        Case.Write => number => _peers!.CreateGroupAsync(Turn(number), number),
        _ => number => SimulatedPeers.LogInAgainAsync(Turn(number), number),
    };

    /// <summary>Brings more peers online.</summary>
    /// <returns>Greatest memory of an instance in bytes.</returns>
    public async Task<long> GrowAsync(int online, CancellationToken cancellationToken)
    {
        await BringOnlineAsync(Peers, online, cancellationToken);
        var tree = new ProcessTree(ProcessIds);
        tree.Sample();
        return tree.PeakMemory;
    }

    /// <summary>Opens streams of requests to dial, and sends requests to them. With two instances, each comes to the one that has not the stream.</summary>
    /// <returns>The memory of all instances for each stream and its connection in bytes, and the times from request to arrival.</returns>
    public async Task<(double BytesPerStream, Latencies Latencies)> MeasureStreamsAsync(int count, double perSecond, TimeSpan time, CancellationToken cancellationToken)
    {
        var peers = _peers!;
        await BringOnlineAsync(Peers, count, cancellationToken);
        await Load.EachAsync(count, Concurrency, peer => peers.HoldFirstAsync(Turn(peer), peer), cancellationToken);
        var before = ReadMemory();
        var own = _servers.ConvertAll(server => new Connections(server.Address, server.Fingerprint, count));
        try
        {
            await using var streams = await DialStreams.OpenAsync(count, peer => peers.OpenDialsAsync(own[peer % own.Count], peer), 32, cancellationToken);
            // Of a whole round of heartbeats.
            await Task.Delay(GroupEventItems.HeartbeatInterval, cancellationToken);
            var bytes = (ReadMemory() - before) / (double)count;
            return (bytes, await Load.PaceAsync(RequestAsync, perSecond, time, cancellationToken));

            async Task RequestAsync(int number)
            {
                var source = number % count;
                await peers.RequestDialAsync(Turn(source + 1), source, (source + 1) % count);
                await streams.ReceiveAsync(source);
            }
        }
        finally
        {
            own.ForEach(connections => connections.Dispose());
        }
    }

    public override async Task<double?> ReadCompilingAsync(CancellationToken cancellationToken)
    {
        var sum = 0.0;
        foreach (var server in _servers)
        {
            sum += await server.ReadCompilingAsync(cancellationToken);
        }

        return sum;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        // It is started anew in the next round.
        _connections.Clear();
        _servers.Clear();
    }

    private long ReadMemory() => ProcessIds.Sum(id =>
    {
        using var process = System.Diagnostics.Process.GetProcessById(id);
        return process.WorkingSet64;
    });

    private Connections Turn(int number) => _connections[number % _connections.Count];

    private Task BringOnlineAsync(int from, int to, CancellationToken cancellationToken) =>
        Load.EachAsync(to - from, Concurrency, number => _peers!.ComeOnlineAsync(Turn(from + number), from + number), cancellationToken);
}
