using System.Net;
using Dapper;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>What can happen to a database on the other end of a connection.</summary>
public sealed class PostgresTests : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"p2pshare-postgres-test-{Guid.NewGuid():N}");
    private StorageOptions _options = null!;
    private TrackerDatabase _first = null!;
    private TrackerDatabase _second = null!;

    // In the constructor, from where it flows into all the rest.
    public PostgresTests() => TestDatabase.Kind = DatabaseKind.Postgres;

    public async Task InitializeAsync()
    {
        _options = await TestDatabase.StorageAsync(_folder);
        _first = await TrackerDatabase.OpenAsync(_options, TimeProvider.System, _ => { }, CancellationToken.None);
        _second = await TrackerDatabase.OpenAsync(_options, TimeProvider.System, _ => { }, CancellationToken.None);
        await WriteAsync(_first, "CREATE TABLE numbers (number BIGINT NOT NULL PRIMARY KEY, value BIGINT NOT NULL DEFAULT 0)");
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        await TestDatabase.DropAsync(_folder);
    }

    [PostgresFact]
    public async Task An_unavailable_database_is_answered_with_503_until_it_is_back()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var tracker = await TestTracker.StartAsync(options =>
            (options.Database, options.ConnectionString) = (DatabaseKind.Postgres, server.ConnectionString("postgres")));
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");

        await server.StopAsync();

        var read = await alice.GetPageAsync(TrackerRoutes.Groups);
        var problem = await alice.ExpectProblem(HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerDatabaseUnavailable, read);
        Assert.NotNull(read.Headers.RetryAfter);
        Assert.DoesNotContain(server.Password, problem.Detail, StringComparison.Ordinal);
        await alice.ExpectProblem(HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerDatabaseUnavailable, await alice.GetAsync("/readyz"));
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync("/healthz"));
        await Assert.ThrowsAsync<P2PShareException>(() => WriteAsync(tracker.Database, "SELECT 1"));

        await server.RestartAsync();

        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync("/readyz"));
        await alice.CreateGroupAsync("ops");
        var groups = await alice.Expect<IReadOnlyList<GroupResponse>>(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));
        Assert.Equal(["dev", "ops"], groups.Select(group => group.Name));
    }

    [PostgresFact]
    public async Task A_statement_that_times_out_fails_alone_and_is_not_an_unavailable_database()
    {
        await using var impatient = await TrackerDatabase.OpenAsync(
            new StorageOptions { Database = DatabaseKind.Postgres, DataPath = _folder, ConnectionString = _options.ConnectionString + ";Command Timeout=1" },
            TimeProvider.System,
            _ => { },
            CancellationToken.None);
        var (lost, timedOut) = (0, 0);
        impatient.Lost += _ => lost++;
        impatient.TimedOut += _ => timedOut++;
        using var hold = new ManualResetEventSlim();
        var held = impatient.WriteAsync(_ => Task.FromResult(hold.Wait(TimeSpan.FromSeconds(30))), CancellationToken.None);
        var before = WriteAsync(impatient, "INSERT INTO numbers (number) VALUES (1)");
        var slow = WriteAsync(impatient, "INSERT INTO numbers (number) VALUES (2); SELECT pg_sleep(30)");
        var after = WriteAsync(impatient, "INSERT INTO numbers (number) VALUES (3)");
        hold.Set();

        Assert.Equal(ErrorCode.TrackerDatabaseBusy, (await Assert.ThrowsAsync<P2PShareException>(() => slow)).Code);
        await Task.WhenAll(held, before, after);
        Assert.Equal([1, 3], await NumbersAsync(impatient));
        var read = await Assert.ThrowsAsync<P2PShareException>(() => impatient.ReadAsync(connection => connection.ExecuteAsync("SELECT pg_sleep(30)"), CancellationToken.None));
        Assert.Equal(ErrorCode.TrackerDatabaseBusy, read.Code);
        // A lock that another instance holds for longer, too.
        var lockHeld = _second.WriteAsync([WriteLock.Group("dev")], async connection => await connection.ExecuteAsync("SELECT pg_sleep(2)"), CancellationToken.None);
        await Eventually.HoldsAsync(
            async () => await _first.ReadAsync(connection => connection.ExecuteScalarAsync<bool>("SELECT COUNT(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep(2)%' AND state = 'active'"), CancellationToken.None),
            "the lock is held");
        var waited = await Assert.ThrowsAsync<P2PShareException>(
            () => impatient.WriteAsync([WriteLock.Group("dev")], connection => connection.ExecuteAsync("INSERT INTO numbers (number) VALUES (4)"), CancellationToken.None));
        Assert.Equal(ErrorCode.TrackerDatabaseBusy, waited.Code);
        await lockHeld;
        Assert.Equal((0, 3, false), (lost, timedOut, impatient.IsUnavailable));
    }

    [PostgresFact]
    public async Task Connections_that_were_cut_are_replaced_unnoticed()
    {
        await WriteAsync(_first, "INSERT INTO numbers (number) VALUES (1)");
        await NumbersAsync(_first);
        await WriteAsync(_second, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

        Assert.Equal([1], await NumbersAsync(_first));
        await WriteAsync(_first, "INSERT INTO numbers (number) VALUES (2)");
        Assert.Equal([1, 2], await NumbersAsync(_first));
    }

    [PostgresFact]
    public async Task A_batch_that_loses_its_connection_is_repeated_as_a_whole_and_once()
    {
        using var hold = new ManualResetEventSlim();
        var held = _first.WriteAsync(connection => Task.FromResult(hold.Wait(TimeSpan.FromSeconds(30))), CancellationToken.None);
        var runs = 0;
        var before = WriteAsync(_first, "INSERT INTO numbers (number) VALUES (1)");
        var cut = _first.WriteAsync(
            async connection => runs++ == 0
                ? await connection.ExecuteAsync("SELECT pg_terminate_backend(pg_backend_pid())")
                : await connection.ExecuteAsync("INSERT INTO numbers (number) VALUES (2)"),
            CancellationToken.None);
        var after = WriteAsync(_first, "INSERT INTO numbers (number) VALUES (3)");
        hold.Set();

        await Task.WhenAll(held, before, cut, after);

        Assert.Equal(2, runs);
        Assert.Equal([1, 2, 3], await NumbersAsync(_second));
    }

    [PostgresFact]
    public async Task A_commit_with_an_unknown_outcome_is_never_reported_as_success()
    {
        await WriteAsync(
            _first,
            """
            CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON numbers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut();
            """);

        var refused = await Assert.ThrowsAsync<P2PShareException>(() => WriteAsync(_first, "INSERT INTO numbers (number) VALUES (1)"));

        Assert.Equal(ErrorCode.TrackerDatabaseUnavailable, refused.Code);
        Assert.Contains("not known", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await NumbersAsync(_first));
    }

    [PostgresFact]
    public async Task Batches_that_lock_each_other_out_are_both_done()
    {
        await WriteAsync(_first, "INSERT INTO numbers (number) VALUES (1), (2)");
        var met = new CountdownEvent(2);
        var runs = 0;

        await Task.WhenAll(TouchAsync(_first, 1, 2), TouchAsync(_second, 2, 1));

        Assert.True(runs > 2, "one of them was the victim");
        Assert.Equal(2, await _first.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT MIN(value) FROM numbers"), CancellationToken.None));

        Task<int> TouchAsync(TrackerDatabase database, int one, int other) => database.WritePresenceAsync(
            async connection =>
            {
                await connection.ExecuteAsync("UPDATE numbers SET value = value + 1 WHERE number = @one", new { one });
                if (Interlocked.Increment(ref runs) <= 2)
                {
                    met.Signal();
                    met.Wait(TimeSpan.FromSeconds(30));
                }

                return await connection.ExecuteAsync("UPDATE numbers SET value = value + 1 WHERE number = @other", new { other });
            },
            CancellationToken.None);
    }

    [PostgresFact]
    public async Task What_a_write_has_read_stays_so_until_its_commit()
    {
        await WriteAsync(_first, "INSERT INTO numbers (number) VALUES (1)");

        // Without the lock, each would read what another is about to change.
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => (i % 2 == 0 ? _first : _second).WriteAsync(
            [WriteLock.Group("dev")],
            async connection =>
            {
                var value = await connection.ExecuteScalarAsync<long>("SELECT value FROM numbers");
                return await connection.ExecuteAsync("UPDATE numbers SET value = @Next", new { Next = value + 1 });
            },
            CancellationToken.None)));

        Assert.Equal(100, await _first.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT value FROM numbers"), CancellationToken.None));
    }

    [PostgresFact]
    public async Task Writes_of_one_instance_are_notified_to_the_other_at_once_and_after_a_lost_connection_too()
    {
        for (var i = 0; i < 2; i++)
        {
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            void Tell() => told.TrySetResult();
            // Listening may have to begin, or to begin again.
            for (var n = 0; !told.Task.IsCompleted; n++)
            {
                _second.Written += Tell;
                await WriteAsync(_first, $"INSERT INTO numbers (number) VALUES ({i * 1000 + n})");
                await Task.WhenAny(told.Task, Task.Delay(50));
                _second.Written -= Tell;
                Assert.True(n < 600);
            }

            await WriteAsync(
                _first, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'");
        }
    }

    [PostgresFact]
    public async Task A_crash_of_the_server_loses_peers_alone_and_they_announce_again()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var tracker = await TestTracker.StartAsync(options =>
            (options.Database, options.ConnectionString) = (DatabaseKind.Postgres, server.ConnectionString("postgres")));
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        var holding = await alice.HoldingAsync("dev", root, complete: true);
        Assert.True((await alice.AnnounceAsync(holding)).Known);
        Assert.Equal(1, Assert.Single(await alice.ListFilesAsync("dev")).Sources);

        await server.StopAsync();
        await server.RestartAsync();

        Assert.Equal(0, Assert.Single(await alice.ListFilesAsync("dev")).Sources);
        var heartbeat = new AnnounceRequest(alice.Fingerprint, 5000, [], Full: false, [], [], RevocationsAfter: 0);
        Assert.False((await alice.AnnounceAsync(heartbeat)).Known, "the peer is asked to announce in full");
        Assert.True((await alice.AnnounceAsync(holding)).Known);
        Assert.Equal(1, Assert.Single(await alice.ListFilesAsync("dev")).Sources);
    }

    [PostgresFact]
    public async Task A_zero_in_a_name_is_a_name_that_is_not_there()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");

        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await alice.GetAsync(TrackerRoutes.Events + "?group=a%00b"));
        await alice.ExpectProblem(
            HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("a\0b", "wrong password")));
        await alice.Expect(HttpStatusCode.BadRequest, await alice.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("a\0b")));
        await alice.Expect(HttpStatusCode.BadRequest, await alice.ShareAsync("dev", "a\0b", TestUser.RandomHash()));
    }

    [PostgresFact]
    public async Task The_reason_of_a_failure_is_named_without_the_password()
    {
        var right = new NpgsqlConnectionStringBuilder(_options.ConnectionString);
        const string Secret = "s3cret-pa55word";

        var wrong = await RefusedAsync(new NpgsqlConnectionStringBuilder(_options.ConnectionString) { Password = Secret }.ToString());
        Assert.Equal(ErrorCode.TrackerDatabaseUnavailable, wrong.Code);
        Assert.Contains("password authentication failed", wrong.Message, StringComparison.Ordinal);

        var missing = await RefusedAsync(new NpgsqlConnectionStringBuilder(_options.ConnectionString) { Database = "no_such" }.ToString());
        Assert.Contains("no_such", missing.Message, StringComparison.Ordinal);

        var nobody = await RefusedAsync($"Host=127.0.0.1;Port=1;Username=tracker;Database=p2pshare;Password={Secret}");
        Assert.Contains("'127.0.0.1' port 1", nobody.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:Tracker", nobody.Message, StringComparison.Ordinal);

        foreach (var broken in new[] { null, "", $"Host=x;Password=x;{Secret}=y", $"Host=x;Password={Secret};Port=many", $"Host=x;Password='{Secret}", $"Database=x;Password={Secret}" })
        {
            var refused = await RefusedAsync(broken);
            Assert.Equal(ErrorCode.InvalidConfiguration, refused.Code);
            Assert.Contains("ConnectionStrings:Tracker", refused.Message, StringComparison.Ordinal);
        }

        async Task<P2PShareException> RefusedAsync(string? connectionString)
        {
            var refused = await Assert.ThrowsAsync<P2PShareException>(() => PostgresDatabase.OpenAsync(connectionString, TimeProvider.System, _ => { }, CancellationToken.None));
            Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(right.Password!, refused.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refused.Message);
            return refused;
        }
    }

    private static Task<int> WriteAsync(TrackerDatabase database, string sql) =>
        database.WriteAsync(connection => connection.ExecuteAsync(sql), CancellationToken.None);

    private static Task<List<long>> NumbersAsync(TrackerDatabase database) => database.ReadAsync(
        async connection => (await connection.QueryAsync<long>("SELECT number FROM numbers ORDER BY number")).AsList(), CancellationToken.None);
}
