using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker.Servers;

/// <summary>This program in its role of a bare Kestrel.</summary>
internal static class HelloServer
{
    /// <returns>The process, and where it listens.</returns>
    public static async Task<(Child Process, string Authority)> StartAsync(CancellationToken cancellationToken)
    {
        var port = LoopbackPort.Free();
        var process = Child.Start(DotnetProgram.Host, [typeof(HelloServer).Assembly.Location, "hello", $"{port}"]);
        try
        {
            await process.ReadLineAsync(cancellationToken);
            process.IgnoreOutput();
            return (process, $"127.0.0.1:{port}");
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }
}
