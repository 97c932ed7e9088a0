using System.Threading.Channels;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Protocol;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>One instance of P2PShare's tracker.</summary>
internal sealed class TrackerServer : IAsyncDisposable
{
    private const string FingerprintLine = "fingerprint:";

    private readonly Child _process;
    private readonly Channel<double> _compiling = Channel.CreateUnbounded<double>();

    private TrackerServer(Child process, string address, Hash256 fingerprint)
    {
        _process = process;
        Address = address;
        Fingerprint = fingerprint;
        _ = ReadOutputAsync();
    }

    public int Id => _process.Id;

    /// <summary>host:port.</summary>
    public string Address { get; }

    /// <summary>Of its certificate.</summary>
    public Hash256 Fingerprint { get; }

    /// <param name="folder">For its data; this instance's own.</param>
    /// <param name="settings">Configuration keys, such as <c>Tracker:Database</c>, and their values.</param>
    /// <param name="program">Null: as its project's build leaves it.</param>
    public static async Task<TrackerServer> StartAsync(
        Machine machine, int port, string folder, IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken, string? program = null)
    {
        var address = $"{machine.Address}:{port}";
        var info = Path.Combine(folder, "tracker_info.txt");
        await File.WriteAllTextAsync(info, address + "\n", cancellationToken);
        var environment = settings.ToDictionary(setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        environment["Tracker__DataPath"] = Path.Combine(folder, "tracker");
        environment["DOTNET_STARTUP_HOOKS"] = OwnProgram.AssemblyPath;
        var process = machine.Start(OwnProgram.Dotnet, [program ?? Repository.TrackerProgram, info, "1"], environment, "tracker");
        try
        {
            string line;
            do
            {
                line = await process.ReadLineAsync(cancellationToken);
            }
            while (!line.StartsWith(FingerprintLine, StringComparison.Ordinal));

            return new TrackerServer(process, address, Hash256.Parse(line[FingerprintLine.Length..].Trim()));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it has spent compiling so far, in seconds.</summary>
    /// <exception cref="BenchException">It has ended.</exception>
    public async Task<double> ReadCompilingAsync(CancellationToken cancellationToken)
    {
        await _process.SendAsync("", cancellationToken);
        try
        {
            return await _compiling.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new BenchException(e.InnerException!.Message, e);
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    // All of it, since a full pipe would block the tracker.
    private async Task ReadOutputAsync()
    {
        try
        {
            while (true)
            {
                if (CompilingTime.Parse(await _process.ReadLineAsync(CancellationToken.None)) is { } seconds)
                {
                    _compiling.Writer.TryWrite(seconds);
                }
            }
        }
        catch (Exception e)
        {
            _compiling.Writer.TryComplete(e);
        }
    }
}
