using System.Reflection;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Transfer.Servers;

/// <summary>P2PShare's tracker.</summary>
internal sealed class TrackerServer : IAsyncDisposable
{
    private const string FingerprintLine = "fingerprint:";

    private readonly Child _process;

    private TrackerServer(Child process, string address, string fingerprint)
    {
        _process = process;
        Address = address;
        Fingerprint = fingerprint;
    }

    public int Id => _process.Id;

    /// <summary>host:port.</summary>
    public string Address { get; }

    /// <summary>Of its certificate, in hex.</summary>
    public string Fingerprint { get; }

    public static async Task<TrackerServer> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var program = typeof(TrackerServer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "TrackerProgram").Value!;
        var address = $"127.0.0.1:{LoopbackPort.Free()}";
        var info = Path.Combine(folder, "tracker_info.txt");
        await File.WriteAllTextAsync(info, address + "\n", cancellationToken);
        // The host that runs this program, which dotnet run names to it.
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? InstalledProgram.Get("dotnet");
        var process = Child.Start(dotnet, [program, info, "1", "--Tracker:DataPath=" + Path.Combine(folder, "tracker")]);
        try
        {
            string line;
            do
            {
                line = await process.ReadLineAsync(cancellationToken);
            }
            while (!line.StartsWith(FingerprintLine, StringComparison.Ordinal));

            process.IgnoreOutput();
            return new TrackerServer(process, address, line[FingerprintLine.Length..].Trim());
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
