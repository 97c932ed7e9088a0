using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.Upgrade;

/// <summary>A copy of what the version before left (tests/Integration/Fixtures/SchemaSeven), as if it had run until just now.</summary>
internal sealed class SchemaSeven : IDisposable
{
    private const string MadeIn = "/tmp/ids/home";

    private readonly TemporaryFolder _folder = new();

    public SchemaSeven()
    {
        Copy(Repository.Combine("tests", "Integration", "Fixtures", "SchemaSeven"), _folder.Path);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Execute(
            Path.Combine(TrackerData, SqliteDatabase.FileName),
            "UPDATE sessions SET last_used = @now; UPDATE invitations SET expires = @now + 1000000", new { now });
        Execute(
            Path.Combine(State, "state.db"),
            """
            UPDATE contents SET path = REPLACE(path, @MadeIn, @Home);
            UPDATE shares SET path = REPLACE(path, @MadeIn, @Home);
            UPDATE downloads SET destination = REPLACE(destination, @MadeIn, @Home);
            """,
            new { MadeIn, Home });
        File.SetLastWriteTimeUtc(Path.Combine(Home, "shared.txt"), new DateTime(SharedModified(), DateTimeKind.Utc));
    }

    public string TrackerData => _folder.Combine("tracker");

    public string State => _folder.Combine("state");

    public string Home => _folder.Combine("home");

    /// <summary>Of Alice's session.</summary>
    public string SessionToken => Secret("session");

    public string InvitationToken => Secret("invitation");

    /// <summary>The whole file that Alice has a part of.</summary>
    public static byte[] Image { get; } = [.. Enumerable.Range(0, 256 * 1024).Select(i => (byte)((i * 7 + i / 251) % 256))];

    /// <summary>Starts this version's tracker on the data of the version before.</summary>
    public Task<TestTracker> StartTrackerAsync(Action<TestTrackerOptions>? configure = null) => TestTracker.StartAsync(options =>
    {
        options.DataPath = TrackerData;
        options.Database = DatabaseKind.Sqlite;
        configure?.Invoke(options);
    });

    /// <summary>Lets the tracker that Alice trusted on first use be found at another port.</summary>
    public void MoveKnownTracker(int port)
    {
        var path = Path.Combine(State, "known_trackers.txt");
        var fingerprint = File.ReadAllText(path).Split(' ')[1];
        File.WriteAllText(path, $"127.0.0.1:{port} {fingerprint}");
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    private string Secret(string name) => File.ReadAllLines(_folder.Combine("secrets.txt")).Select(line => line.Split(' ')).Single(words => words[0] == name)[1];

    private long SharedModified()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(State, "state.db")};Pooling=False");
        return connection.ExecuteScalar<long>("SELECT modified FROM contents");
    }

    private static void Execute(string database, string sql, object parameters)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        connection.Execute("PRAGMA foreign_keys = OFF");
        connection.Execute(sql, parameters);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.GetDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }
}
