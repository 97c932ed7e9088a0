using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker.Servers;

/// <summary>A PostgreSQL of the benchmark's own.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    public static Task<PostgresServer> StartAsync(string folder, CancellationToken cancellationToken) => Task.FromResult(new PostgresServer());

    public static Task<string> CreateDatabaseAsync(CancellationToken cancellationToken) => throw new BenchException("not yet");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
