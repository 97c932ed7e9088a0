using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost.Durability;

public sealed class BackupTests : IAsyncLifetime
{
    // To a tick, which is what a file's entry has.
    private static readonly DateTimeOffset Modified = new DateTimeOffset(2024, 2, 29, 23, 59, 59, TimeSpan.Zero).AddTicks(9876543);

    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.Combine("data");

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_backup_made_while_the_tracker_writes_is_a_data_folder_with_all_that_was_acknowledged_before()
    {
        var backup = _folder.Combine("backup");
        await using var tracker = await TrackerProcess.StartOnAsync(_folder.Path, null);
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        await alice.CreateGroupAsync("dev");
        var acknowledged = new ConcurrentQueue<string>();
        using var enough = new CancellationTokenSource();
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
        {
            for (var i = 0; !enough.IsCancellationRequested; i++)
            {
                await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", $"{writer}/{i}", TestUser.RandomHash()));
                acknowledged.Enqueue($"{writer}/{i}");
            }
        }));
        await Eventually.HoldsAsync(() => acknowledged.Count > 50, "files were shared");
        var before = acknowledged.ToHashSet();

        var (code, output, error) = await CommandAsync("backup", backup);

        var during = acknowledged.Count;
        await enough.CancelAsync();
        await writing;
        Assert.Equal((0, $"backup: {backup}\n", ""), (code, output, error));
        Assert.True(during > before.Count, "the tracker went on writing meanwhile");
        Assert.InRange(SqliteBackup.FindLast(Data)!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
        Assert.Null(SqliteBackup.FindLast(backup));
        Assert.Equal([(AuditAct.DatabaseBackedUp, Environment.UserName, backup)], await TakeActsAsync(Data));
        Assert.Empty(await TakeActsAsync(backup));
        Assert.Equal([TrackerCertificate.FileName, SqliteDatabase.FileName], Directory.GetFiles(backup).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var file in Directory.GetFiles(backup))
        {
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }

        await using var restored = await TrackerProcess.StartOnAsync(_folder.Path, null, $"--Tracker:DataPath={backup}");
        Assert.Equal(tracker.Address.Fingerprint, restored.Address.Fingerprint);
        using var same = TestUser.Stranger(restored.Address);
        same.UseToken(alice.Session.Token);
        Assert.Superset(before, (await same.ListFilesAsync("dev")).Select(file => file.Name).ToHashSet());
        await same.Expect(HttpStatusCode.Created, await same.ShareAsync("dev", "after", TestUser.RandomHash()));
    }

    [Fact]
    public async Task A_backup_whose_time_cannot_be_noted_is_a_backup_all_the_same()
    {
        await using (await TrackerProcess.StartOnAsync(_folder.Path, null))
        {
            Directory.CreateDirectory(Path.Combine(Data, "last-backup"));

            var (code, output, error) = await CommandAsync("backup", _folder.Combine("backup"));

            Assert.Equal((0, $"backup: {_folder.Combine("backup")}\n"), (code, output));
            Assert.StartsWith("The backup is complete, but it could not be noted, and the metric of its age does not count it:", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_backup_that_the_audit_log_cannot_have_is_a_backup_all_the_same()
    {
        await using (await TrackerProcess.StartOnAsync(_folder.Path, null))
        {
            await using var connection = new SqliteConnection($"Data Source={Path.Combine(Data, SqliteDatabase.FileName)};Pooling=false");
            await connection.OpenAsync();
            // As a version before the audit of commands had it.
            await connection.ExecuteAsync("DROP TABLE operator_acts");

            var (code, output, error) = await CommandAsync("backup", _folder.Combine("backup"));

            Assert.Equal((0, $"backup: {_folder.Combine("backup")}\n"), (code, output));
            Assert.StartsWith("The backup is complete, but it could not be noted, and the audit log does not have it:", error, StringComparison.Ordinal);
            Assert.NotNull(SqliteBackup.FindLast(Data));
        }
    }

    [Fact]
    public async Task A_failed_backup_is_explained_and_leaves_nothing()
    {
        var backup = _folder.Combine("backup");
        await ExpectAsync(1, "no tracker's database", "backup", backup);
        await ExpectAsync(2, "after backup", "backup");
        await ExpectAsync(2, "pg_dump", "backup", backup, "--Tracker:Database=postgres");
        await ExpectAsync(2, "after copy", "copy", backup);

        await using (await TrackerProcess.StartOnAsync(_folder.Path, null))
        {
            Directory.CreateDirectory(backup);
            await ExpectAsync(1, "exists already", "backup", backup);
            await ExpectAsync(1, "cannot be created", "backup", Path.Combine(Data, SqliteDatabase.FileName, "backup"));
        }

        Assert.Empty(Directory.GetFileSystemEntries(backup));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder.Path), entry => entry.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [PostgresFact]
    public async Task All_of_a_SQLite_tracker_goes_to_PostgreSQL_and_is_the_same_there()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("CREATE DATABASE target");
        var target = server.ConnectionString("target");
        var root = TestUser.RandomHash();
        SessionResponse session;
        string[] paths;
        string[] answers;
        await using (var tracker = await TrackerProcess.StartOnAsync(_folder.Path, null))
        {
            using var alice = await TestUser.CreateAsync(tracker.Address, "Alice");
            using var bob = await TestUser.CreateAsync(tracker.Address, "bob");
            using var carol = await TestUser.CreateAsync(tracker.Address, "carol");
            await alice.CreateGroupAsync("Dev");
            await alice.CreateGroupAsync("ops");
            await bob.JoinAsync(alice, "dev");
            await carol.Expect(HttpStatusCode.Created, await carol.PostAsync(TrackerRoutes.JoinRequests("dev")));
            await alice.ShareAsync("dev", "a/b c é 猫.bin", root);
            await bob.ShareAsync("dev", "a/b c é 猫.bin", root);
            await bob.ShareAsync("dev", "empty", root: null, size: 0);
            await alice.Expect(HttpStatusCode.Created, await ShareAsync(alice, "replaced", Modified, executable: true));
            await alice.Expect(HttpStatusCode.OK, await ShareAsync(alice, "replaced", Modified.AddTicks(1), executable: false));
            await alice.Expect(HttpStatusCode.OK, await ShareAsync(alice, "replaced", modified: null, executable: null));
            await alice.Expect(HttpStatusCode.Created, await ShareAsync(alice, "plain", Modified, executable: true));
            await alice.AnnounceAsync(("dev", root, Complete: true));
            session = alice.Session;
            paths =
            [
                TrackerRoutes.Groups, TrackerRoutes.Members("dev"), TrackerRoutes.JoinRequests("dev"), TrackerRoutes.Files("dev"),
                TrackerRoutes.Files("ops"), TrackerRoutes.Versions("ops", "replaced"), TrackerRoutes.GroupPeers("dev"), TrackerRoutes.TicketKeys,
            ];
            answers = await AnswersAsync(alice, paths);
            Assert.Equal([(3L, null, null), (2L, Modified.AddTicks(1), false), (1L, Modified, (bool?)true)], await VersionsAsync(alice, "replaced"));
            await tracker.SignalAsync(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        }

        var (code, output, error) = await TrackerProcess.CommandOnAsync(_folder.Path, target, null, "copy", $"--Tracker:DataPath={Data}");

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("users: 3\n", output, StringComparison.Ordinal);
        Assert.Contains("file_sharers: 5\n", output, StringComparison.Ordinal);
        Assert.Contains("file_versions: 2\n", output, StringComparison.Ordinal);
        await using (var tracker = await TrackerProcess.StartOnAsync(_folder.Path, target, $"--Tracker:DataPath={Data}"))
        {
            using var alice = TestUser.Stranger(tracker.Address);
            alice.UseToken(session.Token);
            Assert.Equal(answers, await AnswersAsync(alice, paths));
            var now = await alice.Expect<SessionResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.CurrentSession));
            Assert.Equal(session.TrackerId, now.TrackerId);
            await alice.Expect(HttpStatusCode.Created, await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("BOB", TestPassword.Text)));

            // A name that is replaced only now shares no version with one of before.
            await alice.Expect(HttpStatusCode.OK, await ShareAsync(alice, "plain", modified: null, executable: null));
            Assert.Equal([(2L, null, null), (1L, Modified, (bool?)true)], await VersionsAsync(alice, "plain"));
            await alice.Expect(HttpStatusCode.OK, await ShareAsync(alice, "replaced", Modified, executable: true));
            Assert.Equal([4L, 3L, 2L, 1L], (await VersionsAsync(alice, "replaced")).Select(file => file.Version));

            // Whatever is new has a number that nothing else has.
            using var dave = await TestUser.CreateAsync(tracker.Address, "dave");
            await dave.CreateGroupAsync("new");
            await dave.JoinAsync(alice, "dev");
            await dave.Expect(HttpStatusCode.Created, await dave.ShareAsync("dev", "new", TestUser.RandomHash()));
            await dave.AnnounceAsync(("dev", root, Complete: true));
            Assert.Equal(2, (await alice.ListFilesAsync("dev")).Single(file => file.PiecesRoot == root).Sources);
        }

        (code, _, error) = await TrackerProcess.CommandOnAsync(_folder.Path, target, null, "copy", $"--Tracker:DataPath={Data}");
        Assert.Equal(1, code);
        Assert.Contains("is not empty", error, StringComparison.Ordinal);
        await server.ExecuteAsync("CREATE DATABASE other");
        (code, _, error) = await TrackerProcess.CommandOnAsync(_folder.Path, server.ConnectionString("missing"), null, "copy", $"--Tracker:DataPath={Data}");
        Assert.Equal(1, code);
        Assert.Contains("'missing'", error, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Password, error, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_dump_of_PostgreSQL_is_restored_with_all_that_was_there()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("CREATE DATABASE p2pshare");
        var database = server.ConnectionString("p2pshare");
        string token;
        await using (var tracker = await TrackerProcess.StartOnAsync(_folder.Path, database))
        {
            using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
            token = alice.Session.Token!;
            await alice.CreateGroupAsync("dev");
            await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "file", TestUser.RandomHash()));
            // As the page for operators has them.
            await RunAsync(server, "pg_dump", "--format=custom", $"--file={_folder.Path}/p2pshare.dump", "p2pshare");
            await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "later", TestUser.RandomHash()));
        }

        await RunAsync(server, "pg_restore", "--clean", "--if-exists", "--dbname=p2pshare", $"{_folder.Path}/p2pshare.dump");

        await using var again = await TrackerProcess.StartOnAsync(_folder.Path, database);
        using var same = TestUser.Stranger(again.Address);
        same.UseToken(token);
        Assert.Equal("file", Assert.Single(await same.ListFilesAsync("dev")).Name);
        await same.Expect(HttpStatusCode.Created, await same.ShareAsync("dev", "later", TestUser.RandomHash()));
    }

    private static Task<HttpResponseMessage> ShareAsync(TestUser user, string name, DateTimeOffset? modified, bool? executable) => user.PostAsync(
        TrackerRoutes.Files("ops"), new ShareFileRequest(name, 100_000, PieceLength.For(100_000), TestUser.RandomHash(), Replace: true, modified, executable));

    private static async Task<IEnumerable<(long Version, DateTimeOffset? Modified, bool? Executable)>> VersionsAsync(TestUser user, string name) =>
        (await user.Expect<IReadOnlyList<FileResponse>>(HttpStatusCode.OK, await user.GetAsync(TrackerRoutes.Versions("ops", name))))
            .Select(file => (file.Version!.Value, file.Modified, file.Executable));

    // When each question is asked is part of some answers.
    private static async Task<string[]> AnswersAsync(TestUser user, string[] paths)
    {
        var answers = new List<string>();
        foreach (var path in paths)
        {
            using var answer = await user.GetPageAsync(path);
            await user.Expect(HttpStatusCode.OK, answer);
            answers.Add(await answer.Content.ReadAsStringAsync());
        }

        return [.. answers];
    }

    private static async Task RunAsync(PostgresServer server, string program, params string[] args)
    {
        var run = await ProcessOutput.RunAsync(
            PostgresServer.Program(program), ["--host", server.Folder, "--username", "tracker", .. args],
            new Dictionary<string, string> { ["PGPASSWORD"] = server.Password });
        Assert.True(run.ExitCode == 0, run.Error);
    }

    private Task<(int Code, string Output, string Error)> CommandAsync(params string[] command) =>
        TrackerProcess.CommandOnAsync(_folder.Path, null, null, [.. command, $"--Tracker:DataPath={Data}"]);

    private async Task ExpectAsync(int code, string words, params string[] command)
    {
        var (actual, output, error) = await CommandAsync(command);
        Assert.Equal((code, ""), (actual, output));
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex(@"^\s+at ", RegexOptions.Multiline), error);
    }

    private static async Task<IReadOnlyList<(AuditAct, string, string)>> TakeActsAsync(string dataFolder)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(dataFolder, SqliteDatabase.FileName)};Pooling=false");
        await connection.OpenAsync();
        return await OperatorActStore.TakeAsync(connection);
    }
}
