using System.Collections.Concurrent;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>A database of an older schema is brought up to date with all that it holds.</summary>
public sealed class MigrationTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("p2pshare-migration-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await TestDatabase.DropAsync(Path.Combine(_folder, "old"));
        await TestDatabase.DropAsync(Path.Combine(_folder, "new"));
        Directory.Delete(_folder, recursive: true);
    }

    [TrackerFact]
    public async Task Quota_counts_of_version_6_move_to_their_tables_and_revocations_by_name_count_no_more()
    {
        var old = await MakeAsync("old", version: 6);
        await using (var connection = Connect(old))
        {
            await connection.OpenAsync();
            await connection.ExecuteAsync(
                """
                INSERT INTO users (id, name_key, name, password_hash, created, groups_counted, shares_counted) VALUES (1, 'alice', 'Alice', 'x', 1, 2, 3);
                INSERT INTO groups (id, name_key, name, owner_id, created, files_counted) VALUES (5, 'dev', 'Dev', 1, 1, 4);
                INSERT INTO ended_accesses (group_key, user_key, group_name, user_name, tickets_until) VALUES ('dev', 'bob', 'Dev', 'Bob', 7);
                """);
        }

        await using var database = await TrackerDatabase.OpenAsync(old, TimeProvider.System, _ => { }, CancellationToken.None);

        Assert.Equal(Migrations.Latest, await ScalarAsync("SELECT MAX(version) FROM schema_version"));
        Assert.Equal(0, await ScalarAsync("SELECT COUNT(*) FROM revocations"));
        Assert.Equal(0, await ScalarAsync("SELECT number FROM last_number"));
        Assert.Equal(2, await ScalarAsync("SELECT groups_counted FROM user_quota_counts WHERE user_id = 1"));
        Assert.Equal(3, await ScalarAsync("SELECT shares_counted FROM user_quota_counts WHERE user_id = 1"));
        Assert.Equal(4, await ScalarAsync("SELECT files_counted FROM group_quota_counts WHERE group_id = 5"));
        await Assert.ThrowsAnyAsync<DbException>(() => ScalarAsync("SELECT COUNT(*) FROM ended_accesses"));
        await Assert.ThrowsAnyAsync<DbException>(() => ScalarAsync("SELECT groups_counted FROM users"));

        Task<long> ScalarAsync(string sql) => database.ReadAsync(connection => connection.ExecuteScalarAsync<long>(sql), CancellationToken.None);
    }

    [TrackerFact]
    public async Task Every_user_group_and_session_of_version_7_gets_a_random_id_of_its_own()
    {
        const int Rows = 100;
        var old = await MakeAsync("old", version: 7);
        await using (var connection = Connect(old))
        {
            await connection.OpenAsync();
            for (var i = 1; i <= Rows; i++)
            {
                await connection.ExecuteAsync(
                    """
                    INSERT INTO users (id, name_key, name, password_hash, created) VALUES (@i, @Name, @Name, 'x', 1);
                    INSERT INTO groups (id, name_key, name, owner_id, created) VALUES (@i, @Name, @Name, @i, 1);
                    INSERT INTO sessions (token_hash, user_id, created, last_used) VALUES (@Name, @i, 1, 1);
                    """,
                    new { i = (long)i, Name = $"n{i}" });
            }
        }

        await using var database = await TrackerDatabase.OpenAsync(old, TimeProvider.System, _ => { }, CancellationToken.None);

        var ids = await database.ReadAsync(
            connection => connection.QueryAsync<string>("SELECT guid FROM users UNION ALL SELECT guid FROM groups UNION ALL SELECT guid FROM sessions"),
            CancellationToken.None);
        Assert.Equal(3 * Rows, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id));
        Assert.Equal(Rows, await database.ReadAsync(
            connection => connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM users WHERE password_prepared = 0"), CancellationToken.None));
    }

    [TrackerFact]
    public async Task Groups_of_version_7_are_listed_and_its_files_have_the_key_of_their_name()
    {
        string[] names = ["readme", "README", "ordner/größe", "Σας", "ǆ", "🎈 it's"];
        var old = await MakeAsync("old", version: 7);
        await using (var connection = Connect(old))
        {
            await connection.OpenAsync();
            await connection.ExecuteAsync(
                """
                INSERT INTO users (id, name_key, name, password_hash, created) VALUES (1, 'alice', 'Alice', 'x', 1);
                INSERT INTO groups (id, name_key, name, owner_id, created) VALUES (5, 'dev', 'Dev', 1, 1);
                """);
            await connection.ExecuteAsync(
                "INSERT INTO files (group_id, name, size, piece_length, shared) VALUES (5, @Name, 0, 65536, 1)", names.Select(name => new { Name = name }));
        }

        await using var database = await TrackerDatabase.OpenAsync(old, TimeProvider.System, _ => { }, CancellationToken.None);

        var keys = await database.ReadAsync(connection => connection.QueryAsync<(string Name, string Key)>("SELECT name, name_key FROM files"), CancellationToken.None);
        Assert.Equal(names.Select(name => (name, FileName.Key(name))).Order(), keys.Order());
        Assert.Equal(1, await database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT listed FROM groups"), CancellationToken.None));
    }

    [TrackerFact]
    public async Task Groups_of_version_15_stay_with_all_that_they_have_and_can_be_deleted()
    {
        var old = await MakeAsync("old", version: 15);
        await using (var connection = Connect(old))
        {
            await connection.OpenAsync();
            await connection.ExecuteAsync(
                """
                INSERT INTO users (id, name_key, name, password_hash, created, guid) VALUES (1, 'alice', 'Alice', 'x', 1, 'a'), (2, 'bob', 'Bob', 'x', 1, 'b');
                INSERT INTO groups (id, name_key, name, owner_id, created, guid, listed) VALUES (5, 'dev', 'Dev', 1, 1, 'd', 0), (6, 'ops', 'Ops', 1, 1, 'o', 1);
                INSERT INTO members (group_id, user_id, joined) VALUES (5, 1, 1), (5, 2, 1), (6, 1, 1);
                INSERT INTO files (id, group_id, name, name_key, size, piece_length, shared) VALUES (9, 5, 'file', 'file', 0, 65536, 1);
                INSERT INTO file_sharers (file_id, user_id, shared) VALUES (9, 2, 1);
                INSERT INTO events (id, kind, group_id, group_guid, group_name, user_name, owner_only, created) VALUES (3, 'FileShared', 5, 'd', 'Dev', 'Bob', 0, 1);
                """);
        }

        await using var database = await TrackerDatabase.OpenAsync(old, TimeProvider.System, _ => { }, CancellationToken.None);

        Assert.Equal(
            [(5, "d", "dev", "Dev", 1, 1, 0), (6, "o", "ops", "Ops", 1, 1, 1)],
            await database.ReadAsync(
                connection => connection.QueryAsync<(long, string, string, string, long, long, long)>("SELECT id, guid, name_key, name, owner_id, created, listed FROM groups ORDER BY id"),
                CancellationToken.None));
        // What refers to a group refers to it under the new name of its table.
        await Assert.ThrowsAnyAsync<DbException>(() => database.WriteAsync(
            connection => connection.ExecuteAsync("INSERT INTO members (group_id, user_id, joined) VALUES (7, 1, 1)"), CancellationToken.None));
        await database.WriteAsync(connection => GroupStore.EndAsync(connection, 5, revocation: 4), CancellationToken.None);
        Assert.Equal(1, await ScalarAsync("SELECT COUNT(*) FROM groups"));
        await GroupRemoval.CompleteAsync(database, 5, CancellationToken.None);
        Assert.Equal((1, 0, 0, 0), (await ScalarAsync("SELECT COUNT(*) FROM members"), await ScalarAsync("SELECT COUNT(*) FROM files"),
            await ScalarAsync("SELECT COUNT(*) FROM file_sharers"), await ScalarAsync("SELECT COUNT(*) FROM events")));
        Assert.Equal(1, await ScalarAsync("SELECT COUNT(*) FROM all_groups"));

        Task<long> ScalarAsync(string sql) => database.ReadAsync(connection => connection.ExecuteScalarAsync<long>(sql), CancellationToken.None);
    }

    [TrackerFact]
    public async Task Holdings_of_version_16_get_places_of_their_users()
    {
        var old = await MakeAsync("old", version: 16);
        await using (var connection = Connect(old))
        {
            await connection.OpenAsync();
            await connection.ExecuteAsync(
                """
                INSERT INTO users (id, name_key, name, password_hash, created, guid) VALUES (1, 'alice', 'Alice', 'x', 1, 'a'), (2, 'bob', 'Bob', 'x', 1, 'b');
                INSERT INTO all_groups (id, name_key, name, owner_id, created, guid, listed) VALUES (5, 'dev', 'Dev', 1, 1, 'd', 1);
                INSERT INTO sessions (token_hash, user_id, created, last_used, guid) VALUES ('s', 1, 1, 1, 's'), ('t', 2, 1, 1, 't');
                INSERT INTO peers (id, user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen)
                    VALUES (3, 1, 's', 'f', '', '', 1, 1), (4, 2, 't', 'g', '', '', 1, 1);
                INSERT INTO holdings (peer_id, group_id, pieces_root, complete, place) VALUES (3, 5, 'r', 1, 7), (4, 5, 'r', 1, 4294967295);
                """);
        }

        await using var database = await TrackerDatabase.OpenAsync(old, TimeProvider.System, _ => { }, CancellationToken.None);

        var places = (await database.ReadAsync(
            connection => connection.QueryAsync<long>(
                $"SELECT h.place - {SourceStore.PlaceOfUser} FROM holdings h JOIN peers p ON p.id = h.peer_id ORDER BY h.peer_id"),
            CancellationToken.None)).ToList();
        Assert.Equal([7, 4294967295], places);
    }

    [TrackerFact]
    public async Task Between_two_parts_of_a_step_an_instance_of_the_version_before_writes()
    {
        const int Peers = 250;
        var old = await MakeAsync("old", version: 16);
        await using var other = Connect(old);
        await other.OpenAsync();
        await AddHoldersAsync(other, Peers);
        // Each look at it is a report interval later than the one before.
        var clock = new FakeTimeProvider { AutoAdvanceAmount = Migrations.ReportInterval };
        var written = new List<(long Version, long Moved)>();

        await using var database = await TrackerDatabase.OpenAsync(
            old,
            clock,
            _ =>
            {
                if (other.ExecuteScalar<long>("SELECT MAX(version) FROM schema_version") > 16)
                {
                    // Later steps go in one part each.
                    return;
                }

                // Fails at once if the migration holds a lock.
                other.Execute("UPDATE users SET created = created + 1 WHERE id = 1", commandTimeout: 1);
                // What a writer of PostgreSQL takes first.
                Assert.True(old.Database == DatabaseKind.Sqlite || other.ExecuteScalar<bool>($"SELECT pg_try_advisory_xact_lock_shared({PostgresDatabase.LockKey})"));
                written.Add((other.ExecuteScalar<long>("SELECT MAX(version) FROM schema_version"), other.ExecuteScalar<long>("SELECT COUNT(*) FROM holdings WHERE place <> 7")));
            },
            CancellationToken.None);

        Assert.Equal([(16, 100), (16, 200), (16, Peers)], written);
        Assert.Equal(
            (Migrations.Latest, Peers),
            await database.ReadAsync(
                connection => connection.QuerySingleAsync<(long, long)>(
                    $"SELECT (SELECT MAX(version) FROM schema_version), (SELECT COUNT(*) FROM holdings h JOIN peers p ON p.id = h.peer_id WHERE h.place = {SourceStore.PlaceOfUser} + 7)"),
                CancellationToken.None));
    }

    [TrackerFact]
    public async Task Two_instances_that_migrate_at_once_deal_with_every_row()
    {
        const int Peers = 2001;
        var old = await MakeAsync("old", version: 16);
        await using (var other = Connect(old))
        {
            await other.OpenAsync();
            await AddHoldersAsync(other, Peers);
        }

        var databases = await Task.WhenAll(
            Enumerable.Range(0, 2).Select(_ => TrackerDatabase.OpenAsync(old, TimeProvider.System, _ => { }, CancellationToken.None)));

        Assert.Equal(Peers, await databases[0].ReadAsync(
            connection => connection.ExecuteScalarAsync<long>($"SELECT COUNT(*) FROM holdings h JOIN peers p ON p.id = h.peer_id WHERE h.place = {SourceStore.PlaceOfUser} + 7"), CancellationToken.None));
        foreach (var database in databases)
        {
            await database.DisposeAsync();
        }
    }

    [PostgresFact]
    public async Task An_instance_of_version_15_still_writes_groups_of_version_16()
    {
        TestDatabase.Kind = DatabaseKind.Postgres;
        await using var database = await TrackerDatabase.OpenAsync(await MakeAsync("old", version: 15), TimeProvider.System, _ => { }, CancellationToken.None);

        // Its statements.
        await database.WriteAsync(
            async connection =>
            {
                await connection.ExecuteAsync("INSERT INTO users (id, name_key, name, password_hash, created, guid) VALUES (1, 'alice', 'Alice', 'x', 1, 'a'), (2, 'bob', 'Bob', 'x', 1, 'b')");
                const string Add =
                    """
                    INSERT INTO groups (guid, name_key, name, owner_id, listed, created) VALUES (@guid, 'dev', 'Dev', 1, 1, 1)
                    ON CONFLICT (name_key) DO NOTHING RETURNING id
                    """;
                var group = await connection.QuerySingleAsync<long>(Add, new { guid = "d" });
                Assert.Null(await connection.QuerySingleOrDefaultAsync<long?>(Add, new { guid = "e" }));
                await connection.ExecuteAsync("INSERT INTO members (group_id, user_id, joined) VALUES (@group, 2, 1)", new { group });
                Assert.Equal(2, await connection.QuerySingleAsync<long>(
                    """
                    UPDATE groups SET owner_id = (SELECT id FROM users WHERE name_key = 'bob')
                    WHERE id = @group AND EXISTS (SELECT 1 FROM members m JOIN users u ON u.id = m.user_id WHERE m.group_id = groups.id AND u.name_key = 'bob')
                    RETURNING owner_id
                    """,
                    new { group }));
                await connection.ExecuteAsync("DELETE FROM groups WHERE id = @group", new { group });
                Assert.Equal(0, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM members"));
            },
            CancellationToken.None);
    }

    [TrackerFact]
    public async Task A_starting_instance_waits_as_long_as_the_migration_of_another_and_reports_it()
    {
        var old = await MakeAsync("old", version: 7);
        // No time-out of a statement counts.
        var impatient = new StorageOptions { Database = old.Database, DataPath = old.DataPath, ConnectionString = old.ConnectionString is null ? null : old.ConnectionString + ";Command Timeout=1" };
        var reports = new ConcurrentQueue<string>();
        using var end = new CancellationTokenSource();
        await using var other = Connect(old);
        await other.OpenAsync();
        if (old.Database == DatabaseKind.Sqlite)
        {
            // As a tracker has left it.
            await other.ExecuteAsync("PRAGMA journal_mode = WAL");
        }

        await using (var migration = await other.BeginTransactionAsync())
        {
            if (old.Database == DatabaseKind.Postgres)
            {
                await other.ExecuteAsync($"SELECT pg_advisory_xact_lock({PostgresDatabase.LockKey})", transaction: migration);
            }

            var cancelled = TrackerDatabase.OpenAsync(impatient, TimeProvider.System, _ => { }, end.Token);
            var starting = TrackerDatabase.OpenAsync(impatient, TimeProvider.System, reports.Enqueue, CancellationToken.None);
            await Eventually.HoldsAsync(() => reports.Count >= 2 || starting.IsCompleted, "it reports twice that it waits");
            Assert.False(starting.IsCompleted);
            Assert.All(reports, report => Assert.Contains("another instance brings its tables up to date", report, StringComparison.Ordinal));
            await end.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
            await migration.RollbackAsync();

            await using var database = await starting;
            Assert.Equal(Migrations.Latest, await database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT MAX(version) FROM schema_version"), CancellationToken.None));
        }

        Assert.Equal(
            [$"Bringing the tables from schema version 7 to 8 of {Migrations.Latest}.", $"Bringing the tables from schema version 8 to 9 of {Migrations.Latest}."],
            reports.Where(report => report.StartsWith("Bringing", StringComparison.Ordinal) && report.EndsWith($"{Migrations.Latest}.", StringComparison.Ordinal)).Take(2));
    }

    [TrackerFact]
    public async Task A_migration_that_is_interrupted_keeps_its_steps_and_continues_after_them()
    {
        var old = await MakeAsync("old", version: 7);
        var steps = new List<string>();
        using var end = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TrackerDatabase.OpenAsync(
            old,
            TimeProvider.System,
            step =>
            {
                steps.Add(step);
                if (step.Contains("from schema version 9 to 10", StringComparison.Ordinal))
                {
                    end.Cancel();
                }
            },
            end.Token));
        Assert.Equal(3, steps.Count);
        await using (var connection = Connect(old))
        {
            await connection.OpenAsync();
            // Other instances could write from here on.
            Assert.Equal(9, await connection.ExecuteScalarAsync<long>("SELECT MAX(version) FROM schema_version"));
        }

        steps.Clear();
        await using var database = await TrackerDatabase.OpenAsync(old, TimeProvider.System, steps.Add, CancellationToken.None);
        Assert.StartsWith("Bringing the tables from schema version 9 to 10 ", steps[0], StringComparison.Ordinal);
        Assert.Equal(Migrations.Latest, await database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT MAX(version) FROM schema_version"), CancellationToken.None));
    }

    [TrackerFact]
    public async Task The_command_migrate_prints_each_step_and_the_second_time_none()
    {
        var old = await MakeAsync("old", version: 7);
        string[] args = ["migrate", $"--Tracker:DataPath={old.DataPath}", $"--Tracker:Database={old.Database}"];
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "work")).FullName;

        var first = await TrackerProcess.CommandOnAsync(folder, old.ConnectionString, null, args);
        var second = await TrackerProcess.CommandOnAsync(folder, old.ConnectionString, null, args);

        Assert.Equal((0, ""), (first.Code, first.Error));
        Assert.Contains($"from schema version 7 to 8 of {Migrations.Latest}.", first.Output, StringComparison.Ordinal);
        Assert.EndsWith($"The database has schema version {Migrations.Latest}.", first.Output.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal((0, "", $"The database has schema version {Migrations.Latest}."), (second.Code, second.Error, second.Output.TrimEnd()));
        await using var connection = Connect(old);
        await connection.OpenAsync();
        Assert.Equal(
            Enumerable.Repeat((AuditAct.DatabaseMigrated, Environment.UserName, $"{Migrations.Latest}"), 2), await OperatorActStore.TakeAsync(connection));
    }

    /// <summary>Adds peers of version 16 that hold one content each, all at the same place.</summary>
    private static Task<int> AddHoldersAsync(DbConnection connection, int count) => connection.ExecuteAsync(
        $"""
        INSERT INTO users (id, name_key, name, password_hash, created, guid) VALUES (1, 'alice', 'Alice', 'x', 1, 'a');
        INSERT INTO all_groups (id, name_key, name, owner_id, created, guid, listed) VALUES (5, 'dev', 'Dev', 1, 1, 'd', 1);
        INSERT INTO sessions (token_hash, user_id, created, last_used, guid) VALUES ('s', 1, 1, 1, 's');
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        INSERT INTO peers (id, user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen) SELECT i, 1, 's', CAST(i AS TEXT), '', '', 1, 1 FROM n;
        INSERT INTO holdings (peer_id, group_id, pieces_root, complete, place) SELECT id, 5, 'r', 1, 7 FROM peers;
        """);

    /// <summary>Makes a database as an older program left it, by the same scripts.</summary>
    private async Task<StorageOptions> MakeAsync(string name, int version)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        Directory.CreateDirectory(Path.Combine(_folder, "new"));
        await TestDatabase.MakeEmptyAsync(folder);
        var options = await TestDatabase.StorageAsync(folder);
        // Another one, for its dialect alone.
        await using var translator = await TrackerDatabase.OpenAsync(await TestDatabase.StorageAsync(Path.Combine(_folder, "new")), TimeProvider.System, _ => { }, CancellationToken.None);
        await using var connection = Connect(options);
        await connection.OpenAsync();
        (connection as SqliteConnection)?.CreateFunction<string, string>("NAME_KEY", FileName.Key, isDeterministic: true);
        await connection.ExecuteAsync("CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY)");
        foreach (var script in MigrationScript.All.Take(version))
        {
            // An empty table has no part.
            if (script.Table is null)
            {
                await connection.ExecuteAsync(translator.Translate(script.Sql));
            }

            await connection.ExecuteAsync("INSERT INTO schema_version (version) VALUES (@Number)", new { script.Number });
        }

        return options;
    }

    private static DbConnection Connect(StorageOptions options) => options.Database == DatabaseKind.Postgres
        ? new NpgsqlConnection(options.ConnectionString + ";Pooling=false")
        : new SqliteConnection($"Data Source={Path.Combine(options.DataPath, SqliteDatabase.FileName)};Pooling=false");
}
