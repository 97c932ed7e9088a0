using Npgsql;

namespace P2PShare.Bench.Tracker;

/// <summary>The benchmark's own databases on a PostgreSQL server that is already running; dropped at the end.</summary>
/// <param name="connection">Of a role that may create databases.</param>
internal sealed class PostgresDatabases(string connection) : IAsyncDisposable
{
    private readonly List<string> _names = [];

    /// <returns>Its connection string.</returns>
    public async Task<string> CreateAsync(CancellationToken cancellationToken)
    {
        var name = $"p2pshare_bench_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}", cancellationToken);
        _names.Add(name);
        return new NpgsqlConnectionStringBuilder(connection) { Database = name }.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _names)
        {
            await ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)", CancellationToken.None);
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
