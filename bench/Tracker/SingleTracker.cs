using System.Diagnostics;
using System.Net;
using P2PShare.Bench.Measuring;
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
    /// <param name="limits">Those that are not the tracker's own.</param>
    public static async Task<Dictionary<string, string>> SettingsAsync(
        PostgresDatabases? postgres, IReadOnlyDictionary<string, string> limits, CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>(limits);
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

    public Task<RawConnection> OpenRawAsync(CancellationToken cancellationToken) => RawConnection.OpenAsync(_server.Address, _server.Fingerprint, cancellationToken);

    /// <summary>Resident memory in bytes.</summary>
    public long ReadMemory()
    {
        using var process = Process.GetProcessById(_server.Id);
        return process.WorkingSet64;
    }

    /// <summary>The same with its highest; on Linux alone.</summary>
    public ResidentMemory ReadResidentMemory() =>
        ResidentMemory.Read(_server.Id) ?? throw new BenchException("The tracker's memory cannot be read from /proc: it has ended, or this is not Linux.");

    /// <summary>The most of <see cref="ReadMemory"/> until it is cancelled.</summary>
    public async Task<long> SampleMemoryAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        var peak = 0L;
        while (!cancellationToken.IsCancellationRequested)
        {
            peak = Math.Max(peak, ReadMemory());
            await Task.Delay(interval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return peak;
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
