using System.Net;
using Dapper;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>A tracker whose connections to PostgreSQL go through a real PgBouncer.</summary>
public sealed class PoolerTests : IAsyncLifetime
{
    private const int Writes = 72;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"p2pshare-pooler-test-{Guid.NewGuid():N}");
    private string _direct = null!;

    public PoolerTests() => TestDatabase.Kind = DatabaseKind.Postgres;

    public async Task InitializeAsync() => _direct = (await TestDatabase.ConnectionStringAsync(_folder))!;

    public Task DisposeAsync() => TestDatabase.DropAsync(_folder);

    [PgBouncerFact]
    public async Task In_session_mode_two_instances_work_as_they_do_without_a_pooler()
    {
        await using var pooler = await PgBouncer.StartAsync(_direct, "session");
        await using var first = await TestTracker.StartAsync(options => (options.Database, options.ConnectionString) = (DatabaseKind.Postgres, pooler.ConnectionString));
        await using var second = await TestTracker.StartBesideAsync(first);
        using var alice = await TestUser.CreateAsync(first, "alice");
        using var there = await TestUser.LogInAsync(second, "alice");

        await Task.WhenAll(Enumerable.Range(0, Writes).Select(i => (i % 2 == 0 ? alice : there).CreateGroupAsync($"group{i}")));

        var groups = await there.Expect<IReadOnlyList<GroupResponse>>(HttpStatusCode.OK, await there.GetPageAsync(TrackerRoutes.Groups));
        Assert.Equal(Writes, groups.Count);
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync("/readyz"));
        await RequireSettingsAsync(first.Database);
        await RequireMessagesAsync(pooler.ConnectionString);
    }

    [PgBouncerFact]
    public async Task In_transaction_mode_it_does_not_start_and_names_the_mode_to_set() => await RequireRefusalAsync("transaction");

    [PgBouncerFact]
    public async Task In_statement_mode_it_does_not_start_and_names_the_mode_to_set() => await RequireRefusalAsync("statement");

    private async Task RequireRefusalAsync(string mode)
    {
        await using var pooler = await PgBouncer.StartAsync(_direct, mode);
        // Idle sessions at the pooler, of which a statement takes any.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => UseAsync(pooler.ConnectionString)));
        var options = new StorageOptions { Database = DatabaseKind.Postgres, DataPath = _folder, ConnectionString = pooler.ConnectionString };

        var validated = SchemaVersion.FindProblemAsync(options);
        var refused = await Assert.ThrowsAsync<P2PShareException>(() => TrackerDatabase.OpenAsync(options, TimeProvider.System, _ => { }, CancellationToken.None));

        Assert.Equal(ErrorCode.InvalidConfiguration, refused.Code);
        Assert.Contains("pool_mode = session", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:Tracker", refused.Message, StringComparison.Ordinal);
        Assert.Equal(refused.Message, await validated);
    }

    private static async Task UseAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.ExecuteAsync("SELECT pg_sleep(0.2)");
    }

    // What it sends at its start holds on every connection, however often that was used before.
    private static async Task RequireSettingsAsync(TrackerDatabase database)
    {
        var settings = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => database.ReadAsync(
            connection => connection.QuerySingleAsync<(string, string)>("SELECT current_setting('random_page_cost'), current_setting('idle_in_transaction_session_timeout')"),
            CancellationToken.None)));

        Assert.All(settings, setting => Assert.Equal(("1.1", "10s"), setting));
    }

    private static async Task RequireMessagesAsync(string connectionString)
    {
        await using var from = await PostgresDatabase.OpenAsync(connectionString, TimeProvider.System, _ => { }, CancellationToken.None);
        await using var to = await PostgresDatabase.OpenAsync(connectionString, TimeProvider.System, _ => { }, CancellationToken.None);
        var received = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        to.MessageReceived += message => received.TrySetResult(message);
        // Listening may have to begin.
        for (var n = 0; !received.Task.IsCompleted; n++)
        {
            await from.PublishAsync(["a message"]);
            await Task.WhenAny(received.Task, Task.Delay(50));
            Assert.True(n < 600);
        }

        Assert.Equal("a message", await received.Task);
    }
}
