using System.Diagnostics;
using System.Net;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Tracker;

/// <summary>One instance whose peers come as a herd.</summary>
internal sealed class SingleTracker : IAsyncDisposable
{
    public const string Subject = "p2pshare";

    private const int Concurrency = 128;
    private const int FewConnections = 8;

    private readonly string _folder;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly int _port;
    private TrackerServer _server;

    private SingleTracker(string folder, IReadOnlyDictionary<string, string> settings, int port, TrackerServer server) =>
        (_folder, _settings, _port, _server) = (folder, settings, port, server);

    /// <param name="postgres">Null: SQLite.</param>
    public static async Task<Dictionary<string, string>> SettingsAsync(PostgresDatabases? postgres, CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>(P2PShareSubject.Unlimited);
        if (postgres is not null)
        {
            settings["Tracker:Database"] = "postgres";
            settings["ConnectionStrings:Tracker"] = await postgres.CreateAsync(cancellationToken);
        }

        return settings;
    }

    public static async Task<SingleTracker> StartAsync(string folder, IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken)
    {
        var port = LoopbackPort.Free();
        return new SingleTracker(folder, settings, port, await TrackerServer.StartAsync(Machine.Local, port, folder, settings, cancellationToken));
    }

    /// <summary>Users, and their peers online.</summary>
    public async Task<SimulatedPeers> BringOnlineAsync(int count, CancellationToken cancellationToken)
    {
        using var connections = Connect(FewConnections);
        var peers = await SimulatedPeers.CreateAsync(_ => connections, cancellationToken);
        await Load.EachAsync(count, Concurrency, peer => peers.ComeOnlineAsync(connections, peer), cancellationToken);
        return peers;
    }

    /// <param name="source">The local address of each; null: the system chooses.</param>
    public Connections Connect(int count, Func<int, IPAddress>? source = null) => new(_server.Address, _server.Fingerprint, count, source);

    /// <summary>Resident memory in bytes.</summary>
    public long ReadMemory()
    {
        using var process = Process.GetProcessById(_server.Id);
        return process.WorkingSet64;
    }

    /// <summary>Ends it without a chance to do anything.</summary>
    public async Task KillAsync()
    {
        using var process = Process.GetProcessById(_server.Id);
        process.Kill();
        await _server.DisposeAsync();
    }

    /// <summary>The folder of its data.</summary>
    public string DataPath => Path.Combine(_folder, "tracker");

    /// <summary>Starts it again, on its port and with its data.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken) =>
        _server = await TrackerServer.StartAsync(Machine.Local, _port, _folder, _settings, cancellationToken);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
