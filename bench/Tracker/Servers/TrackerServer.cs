using System.Reflection;
using P2PShare.Bench.Measuring;
using P2PShare.Protocol;

namespace P2PShare.Bench.Tracker.Servers;

/// <summary>One instance of P2PShare's tracker.</summary>
internal sealed class TrackerServer : IAsyncDisposable
{
    private const string FingerprintLine = "fingerprint:";

    private readonly Child _process;

    private TrackerServer(Child process, string authority, Hash256 fingerprint)
    {
        _process = process;
        Authority = authority;
        Fingerprint = fingerprint;
    }

    public int Id => _process.Id;

    public string Authority { get; }

    public Hash256 Fingerprint { get; }

    /// <param name="folder">For its data; the instance's own.</param>
    /// <param name="postgres">Connection string; null: SQLite.</param>
    public static async Task<TrackerServer> StartAsync(string folder, string? postgres, CancellationToken cancellationToken)
    {
        var program = typeof(TrackerServer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "TrackerProgram").Value!;
        var authority = $"127.0.0.1:{LoopbackPort.Free()}";
        var info = Path.Combine(folder, "tracker_info.txt");
        await File.WriteAllTextAsync(info, authority + "\n", cancellationToken);
        var environment = new Dictionary<string, string>
        {
            ["Tracker__DataPath"] = Path.Combine(folder, "tracker"),
            // The few users of the bench make groups, and log in from one address, as fast as they can.
            ["Tracker__GroupsPerUser"] = "1000000000",
            ["Tracker__LoginsPerMinute"] = "1000000",
            ["Tracker__RequestsPerMinute"] = "10000000",
            ["Tracker__AnnouncesPerMinute"] = "10000000",
        };
        if (postgres is not null)
        {
            environment["Tracker__Database"] = "postgres";
            environment["ConnectionStrings__Tracker"] = postgres;
        }

        var process = Child.Start(DotnetProgram.Host, [program, info, "1"], environment);
        try
        {
            string line;
            do
            {
                line = await process.ReadLineAsync(cancellationToken);
            }
            while (!line.StartsWith(FingerprintLine, StringComparison.Ordinal));

            process.IgnoreOutput();
            return new TrackerServer(process, authority, Hash256.Parse(line[FingerprintLine.Length..].Trim()));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
