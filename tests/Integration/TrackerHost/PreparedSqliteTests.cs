using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

public sealed class PreparedSqliteTests : IDisposable
{
    private readonly PreparedSqliteConnection _connection = new("Data Source=:memory:");

    public PreparedSqliteTests()
    {
        _connection.Open();
        _connection.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public async Task A_statement_takes_new_values_each_time()
    {
        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(i, await _connection.QuerySingleAsync<long>("INSERT INTO t (name) VALUES (@name) RETURNING id", new { name = $"n{i}" }));
        }

        Assert.Equal(["n1", "n2", "n3"], await _connection.QueryAsync<string>("SELECT name FROM t ORDER BY id"));
    }

    [Fact]
    public async Task A_value_that_is_left_out_is_not_that_of_last_time()
    {
        const string Sql = "SELECT COUNT(*) FROM t WHERE name = @name";
        await _connection.ExecuteScalarAsync<long>(Sql, new { name = "one" });

        await Assert.ThrowsAsync<InvalidOperationException>(() => _connection.ExecuteScalarAsync<long>(Sql));
    }

    [Fact]
    public async Task A_statement_that_failed_runs_again()
    {
        const string Sql = "INSERT INTO t (name) VALUES (@name)";
        await _connection.ExecuteAsync(Sql, new { name = "one" });
        await Assert.ThrowsAsync<SqliteException>(() => _connection.ExecuteAsync(Sql, new { name = "one" }));

        Assert.Equal(1, await _connection.ExecuteAsync(Sql, new { name = "two" }));
    }

    [Fact]
    public void The_same_statement_runs_inside_itself()
    {
        const string Sql = "SELECT id FROM t ORDER BY id";
        _connection.Execute("INSERT INTO t (name) VALUES ('a'), ('b')");

        var pairs = _connection.Query<long>(Sql, buffered: false).SelectMany(_ => _connection.Query<long>(Sql, buffered: false), (outer, inner) => (outer, inner));

        Assert.Equal([(1, 1), (1, 2), (2, 1), (2, 2)], pairs);
    }

    [Fact]
    public void A_statement_belongs_to_the_transaction_that_is_open_now()
    {
        const string Sql = "INSERT INTO t (name) VALUES (@name)";
        using (var undone = _connection.BeginTransaction())
        {
            _connection.Execute(Sql, new { name = "undone" });
        }

        _connection.Execute(Sql, new { name = "alone" });
        using (var done = _connection.BeginTransaction())
        {
            _connection.Execute(Sql, new { name = "done" });
            done.Commit();
        }

        Assert.Equal(["alone", "done"], _connection.Query<string>("SELECT name FROM t ORDER BY name"));
    }

    [Fact]
    public async Task A_statement_sees_a_change_of_its_table()
    {
        const string Sql = "SELECT * FROM t";
        await _connection.ExecuteAsync("INSERT INTO t (name) VALUES ('a')");
        await _connection.QueryAsync(Sql);
        await _connection.ExecuteAsync("ALTER TABLE t ADD COLUMN size BIGINT NOT NULL DEFAULT 7");

        Assert.Equal(7L, (object)(await _connection.QuerySingleAsync(Sql)).size);
    }
}
