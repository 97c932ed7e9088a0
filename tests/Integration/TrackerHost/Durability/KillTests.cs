using System.Data.Common;
using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using P2PShare.TrackerHost.Storage;
using Xunit.Abstractions;

namespace P2PShare.Integration.TrackerHost.Durability;

/// <summary>
/// kill -9 in the middle of writes, again and again: what was acknowledged is there, nothing is half there, and every rule
/// holds. <c>P2PSHARE_KILLS</c> sets how often; a few times in the ordinary run.
/// </summary>
public sealed class KillTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Writers = 8;

    private static readonly int Kills = int.TryParse(
        Environment.GetEnvironmentVariable("P2PSHARE_KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out var kills) ? kills : 4;

    private readonly TemporaryFolder _folder = new();
    private readonly Acknowledged _acknowledged = new();
    private readonly int _seed = Random.Shared.Next();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public Task With_SQLite_all_that_was_acknowledged_is_there_and_every_rule_holds() => KillAsync(server: null);

    [PostgresFact]
    public async Task With_PostgreSQL_too_and_when_that_is_killed_as_well()
    {
        await using var server = await PostgresServer.StartAsync();
        await KillAsync(server);
    }

    private async Task KillAsync(PostgresServer? server)
    {
        output.WriteLine($"seed {_seed}");
        var random = new Random(_seed);
        var tokens = new string[Writers];
        for (var round = 0; round <= Kills; round++)
        {
            await using var tracker = await TrackerProcess.StartOnAsync(_folder.Path, server?.ConnectionString("postgres"));
            if (round > 0)
            {
                await using var connection = await OpenAsync(server);
                Assert.Empty(_acknowledged.Settle(await FactsAsync(connection)));
                await CheckRulesAsync(connection);
            }

            if (round == Kills)
            {
                break;
            }

            var users = new List<TestUser>();
            for (var i = 0; i < Writers; i++)
            {
                users.Add(round == 0 ? await TestUser.CreateAsync(tracker.Address, NameOf(i)) : TestUser.Stranger(tracker.Address));
                if (round == 0)
                {
                    tokens[i] = users[i].Session.Token!;
                    (string, bool)[] user = [($"user {NameOf(i)}", true)];
                    Assert.True(_acknowledged.TryBegin(user));
                    _acknowledged.Answered(user);
                }

                users[i].UseToken(tokens[i]);
            }

            var writing = users.Select((user, i) => new Writer(user, NameOf(i), _acknowledged, random.Next()).WriteAsync()).ToArray();
            await _acknowledged.ReachesAsync(_acknowledged.Count + random.Next(1, 300));
            if (server is not null && round % 3 == 2)
            {
                await server.StopAsync();
                await server.RestartAsync();
            }

            await tracker.KillAsync();
            await Task.WhenAll(writing);
            users.ForEach(user => user.Dispose());
        }

        output.WriteLine($"{Kills} kills, {_acknowledged.Count} writes acknowledged, {_acknowledged.Lost} without an answer");
    }

    private static string NameOf(int writer) => $"w{writer}";

    private async Task<DbConnection> OpenAsync(PostgresServer? server)
    {
        DbConnection connection = server is null
            ? new SqliteConnection($"Data Source={_folder.Combine("data", SqliteDatabase.FileName)};Mode=ReadOnly;Pooling=false")
            : new NpgsqlConnection(server.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<HashSet<string>> FactsAsync(DbConnection connection) => [.. await connection.QueryAsync<string>(
        """
        SELECT 'user ' || name FROM users
        UNION ALL SELECT 'group ' || name FROM groups
        UNION ALL SELECT 'member ' || g.name || ' ' || u.name FROM members m JOIN groups g ON g.id = m.group_id JOIN users u ON u.id = m.user_id
        UNION ALL SELECT 'request ' || g.name || ' ' || u.name FROM join_requests r JOIN groups g ON g.id = r.group_id JOIN users u ON u.id = r.user_id
        UNION ALL SELECT 'file ' || g.name || ' ' || f.name || ' ' || u.name
            FROM files f JOIN groups g ON g.id = f.group_id JOIN file_sharers s ON s.file_id = f.id JOIN users u ON u.id = s.user_id
        """)];

    private static async Task CheckRulesAsync(DbConnection connection)
    {
        (string Rule, string Broken)[] rules =
        [
            ("an owner is a member", "FROM groups g WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = g.id AND m.user_id = g.owner_id)"),
            ("a member asks not to join", "FROM join_requests r JOIN members m ON m.group_id = r.group_id AND m.user_id = r.user_id"),
            ("a file has a sharer", "FROM files f WHERE NOT EXISTS (SELECT 1 FROM file_sharers s WHERE s.file_id = f.id)"),
            ("a sharer is a member",
                "FROM file_sharers s JOIN files f ON f.id = s.file_id WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = f.group_id AND m.user_id = s.user_id)"),
            ("each membership that somebody asked for was told of",
                "FROM members m JOIN groups g ON g.id = m.group_id JOIN users u ON u.id = m.user_id WHERE m.user_id <> g.owner_id AND NOT EXISTS (SELECT 1 FROM events e WHERE e.group_id = g.id AND e.kind = 'JoinApproved' AND e.user_name = u.name)"),
            ("no number is used twice", "FROM events e JOIN revocations r ON r.number = e.id"),
        ];
        foreach (var (rule, broken) in rules)
        {
            Assert.True(0 == await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) " + broken), rule);
        }

        if (connection is SqliteConnection)
        {
            Assert.Equal("ok", await connection.ExecuteScalarAsync<string>("PRAGMA integrity_check"));
            Assert.Empty(await connection.QueryAsync("PRAGMA foreign_key_check"));
        }
    }
}
