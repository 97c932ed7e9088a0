using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

/// <summary>What other users may do with the state folder, and every file of it in every state that a crash or a person can leave.</summary>
public sealed class StateFolderTests : IDisposable
{
    private static readonly TrackerAddress Tracker = new("tracker", 8001);
    private static readonly Hash256 Fingerprint = Hash256.Compute([1]);
    private static readonly string[] Files = ["known_trackers.txt", "state.db", "state.db-wal", "state.db-shm", "identities/1.pfx", "identities/1.lock"];

    // The user nobody.
    private const uint Other = 65534;

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public StateFolderTests() => _path = _folder.Combine("state");

    public static TheoryData<string, Damage> Cases
    {
        get
        {
            var cases = new TheoryData<string, Damage>();
            foreach (var file in Files)
            {
                foreach (var damage in Enum.GetValues<Damage>())
                {
                    cases.Add(file, damage);
                }
            }

            return cases;
        }
    }

    public enum Damage
    {
        Empty,
        Cut,
        Garbage,
        Missing,
        Folder,
        Unreadable,
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_damaged_file_heals_or_is_named_with_what_to_do(string file, Damage damage)
    {
        Use();
        SqliteConnection.ClearAllPools();
        var path = Path.Combine(_path, file.Replace('/', Path.DirectorySeparatorChar));
        DoDamage(path, damage);

        try
        {
            Use();
        }
        catch (P2PShareException e)
        {
            Assert.Equal(ErrorCode.StateFolderUnusable, e.Code);
            Assert.Contains(path, e.Message, StringComparison.Ordinal);
            Assert.Matches("Move it away|Correct it, or delete it", e.Message);
            Assert.True(MustBeNamed(file, damage), $"{file} is not healed: {e.Message}");
            return;
        }

        Assert.False(MustBeNamed(file, damage), "It is taken as if nothing had happened.");
        // Healed for good.
        Use();
    }

    [Theory]
    [InlineData("contents")]
    [InlineData("shares")]
    [InlineData("downloads")]
    public async Task A_table_that_is_damaged_is_named_with_what_to_do_by_all_that_reads_it(string table)
    {
        var account = new TrackerAccount(Guid.NewGuid(), "alice");
        var state = Use();
        SqliteConnection.ClearAllPools();
        var path = Path.Combine(_path, "state.db");
        DamageTable(path, table);
        var shares = new ShareStore(state, account, (_, _, _) => Task.FromResult(new WithdrawFilesResponse(Guid.Empty, [])));
        var downloads = new DownloadStore(state, account);
        var upgrade = new GroupUpgrade(state, account, (_, _) => Task.FromResult<Guid?>(null));

        List<P2PShareException> errors = table switch
        {
            "contents" => [Assert.Throws<P2PShareException>(() => shares.FindUnchanged(path))],
            "shares" => [Assert.Throws<P2PShareException>(shares.GetAll), await ThrowsAsync(() => upgrade.RunAsync(CancellationToken.None))],
            _ => [Assert.Throws<P2PShareException>(downloads.GetAll), await ThrowsAsync(() => downloads.GetAllAsync(CancellationToken.None)),
                await ThrowsAsync(() => upgrade.RunAsync(CancellationToken.None))],
        };

        Assert.All(errors, error =>
        {
            Assert.Equal(ErrorCode.StateFolderUnusable, error.Code);
            Assert.Contains($"'{path}' is damaged", error.Message, StringComparison.Ordinal);
            Assert.Contains("Move it away", error.Message, StringComparison.Ordinal);
        });

        static Task<P2PShareException> ThrowsAsync(Func<Task> read) => Assert.ThrowsAsync<P2PShareException>(read);
    }

    [LinuxFact]
    public void Only_its_user_can_read_the_folder_and_each_file_of_it()
    {
        Use();

        Assert.Equal("0700", UnixFile.Mode(_path));
        Assert.Equal("0700", UnixFile.Mode(Path.Combine(_path, "identities")));
        var files = Directory.GetFiles(_path, "*", SearchOption.AllDirectories);
        Assert.True(files.Length >= 4);
        Assert.All(files, file => Assert.Equal("0600", UnixFile.Mode(file)));
    }

    [LinuxFact]
    public void A_folder_that_others_can_read_is_narrowed_with_a_warning_and_its_files_are()
    {
        Use();
        foreach (var path in Directory.GetFileSystemEntries(_path, "*", SearchOption.AllDirectories).Append(_path))
        {
            UnixFile.SetMode(path, Directory.Exists(path) ? "0755" : "0644");
        }

        var warning = Use().Warning;

        Assert.Contains(_path, warning, StringComparison.Ordinal);
        Assert.Contains("0755", warning, StringComparison.Ordinal);
        Only_its_user_can_read_the_folder_and_each_file_of_it();
        Assert.Null(StateFolder.Open(_path).Warning);
    }

    [LinuxFact(AsRoot = true)]
    public void A_folder_of_another_user_is_refused()
    {
        Directory.CreateDirectory(_path);
        UnixFile.GiveAway(_path);

        AssertRefused(_path, "belongs to another user");
    }

    [LinuxFact]
    public void A_folder_below_one_that_all_can_write_is_refused_unless_that_is_sticky()
    {
        UnixFile.SetMode(_folder.Path, "0777");
        AssertRefused(_path, "every user can write to");
        Directory.CreateSymbolicLink(_folder.Combine("link"), _folder.Path);
        AssertRefused(Path.Combine(_folder.Combine("link"), "state"), "every user can write to");

        UnixFile.SetMode(_folder.Path, "1777");
        Use();
        AssertRefused(_folder.Path, "users share");
        Assert.Equal("1777", UnixFile.Mode(_folder.Path));
        UnixFile.SetMode(_folder.Path, "0700");
    }

    [LinuxTheory(AsRoot = true)]
    [InlineData(Other, Other, "0755", "belongs to another user")]
    [InlineData(Other, Other, "1777", "belongs to another user")]
    [InlineData(Other, 0u, "0700", "belongs to another user")]
    [InlineData(0u, Other, "0775", "a group can write to")]
    [InlineData(0u, Other, "0770", "a group can write to")]
    public void A_folder_below_one_that_another_user_can_change_is_refused(uint user, uint group, string mode, string reason)
    {
        UnixFile.GiveAway(_folder.Path, user, group);
        UnixFile.SetMode(_folder.Path, mode);
        AssertRefused(_path, reason);
        AssertRefused(Path.Combine(_path, "sub", "folder"), reason);
        // Whose link can be led elsewhere.
        using var elsewhere = new TemporaryFolder();
        File.CreateSymbolicLink(_folder.Combine("link"), elsewhere.Path);
        AssertRefused(_folder.Combine("link", "state"), reason);
    }

    [LinuxTheory(AsRoot = true)]
    [InlineData(Other, "0755")]
    [InlineData(0u, "0775")]
    [InlineData(Other, "1775")]
    public void A_folder_below_one_that_only_root_and_its_user_can_change_is_used(uint group, string mode)
    {
        UnixFile.GiveAway(_folder.Path, user: 0, group);
        UnixFile.SetMode(_folder.Path, mode);

        Assert.Null(Use().Warning);
    }

    [LinuxFact(AsRoot = true)]
    public void A_link_of_another_user_above_the_folder_is_refused()
    {
        Directory.CreateDirectory(_folder.Combine("real"));
        Directory.CreateSymbolicLink(_folder.Combine("link"), _folder.Combine("real"));
        Assert.Null(StateFolder.Open(_folder.Combine("link", "state")).Warning);
        UnixFile.GiveAway(_folder.Combine("link"));

        AssertRefused(_folder.Combine("link", "state"), "belongs to another user");
    }

    [Theory]
    [InlineData("         0          0 4294967295\n", 65534, true)]
    [InlineData("         0       1000          1\n", 65534, false)]
    [InlineData("0 1000 1\n1 100000 65536\n", 65534, true)]
    [InlineData("0 1000 1\n1 100000 65536\n", 65537, false)]
    [InlineData("0 1000 1\n", 0, true)]
    public void A_user_namespace_has_the_users_that_its_map_lists(string map, uint user, bool isMapped) =>
        Assert.Equal(isMapped, UserNamespace.Maps(map, user));

    [Fact]
    public async Task A_folder_of_the_version_before_keeps_its_shares_and_downloads()
    {
        Directory.CreateDirectory(_path);
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(_path, "state.db")}"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE contents (path TEXT NOT NULL PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL,
                    piece_length INTEGER NOT NULL, pieces_root BLOB NULL, piece_layer BLOB NOT NULL);
                CREATE TABLE shares (tracker_id TEXT NOT NULL, user_name TEXT NOT NULL, group_name TEXT NOT NULL, file_name TEXT NOT NULL,
                    path TEXT NOT NULL REFERENCES contents (path), received INTEGER NOT NULL,
                    PRIMARY KEY (tracker_id, user_name, group_name, file_name));
                CREATE INDEX shares_by_path ON shares (path);
                CREATE TABLE downloads (id TEXT NOT NULL PRIMARY KEY, tracker_id TEXT NOT NULL, user_name TEXT NOT NULL, group_name TEXT NOT NULL,
                    file_name TEXT NOT NULL, size INTEGER NOT NULL, piece_length INTEGER NOT NULL, pieces_root BLOB NULL,
                    destination TEXT NOT NULL, overwrite INTEGER NOT NULL, state TEXT NOT NULL, error_code TEXT NULL, error_message TEXT NULL,
                    bytes_verified INTEGER NOT NULL, created INTEGER NOT NULL);
                INSERT INTO contents VALUES ('/data.bin', 3, 7, 65536, zeroblob(32), zeroblob(0));
                INSERT INTO shares VALUES ('00000000-0000-0000-0000-000000000001', 'alice', 'dev', 'data.bin', '/data.bin', 0);
                INSERT INTO downloads VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 'alice', 'dev',
                    'data.bin', 3, 65536, zeroblob(32), '/received.bin', 1, 'Suspended', NULL, NULL, 0, 0);
                PRAGMA user_version = 1;
                """;
            command.ExecuteNonQuery();
        }

        var account = new TrackerAccount(Guid.Parse("00000000-0000-0000-0000-000000000001"), "alice");
        var state = StateFolder.Open(_path);
        await new GroupUpgrade(state, account, (_, _) => Task.FromResult<Guid?>(TestIds.Of("dev"))).RunAsync(CancellationToken.None);

        var share = Assert.Single(new ShareStore(state, account, (_, _, _) => Task.FromResult(new WithdrawFilesResponse(Guid.Empty, []))).GetAll());

        Assert.Equal((TestIds.Of("dev"), "/data.bin", 3L, null), (share.Group.Id, share.File.Path, share.File.Content.Size, share.File.Identity));
        var downloads = new DownloadStore(state, account);
        var before = Assert.Single(downloads.GetAll());
        Assert.Equal(("/received.bin", false), (before.Request.Destination, before.Request.InPlace));
        await downloads.SaveAsync([before with { Id = Guid.NewGuid(), Request = before.Request with { InPlace = true }, Created = DateTimeOffset.UnixEpoch }]);
        Assert.Equal([false, true], downloads.GetAll().Select(download => download.Request.InPlace));
    }

    // What must not be taken as if it were new: a trusted tracker would count as unknown, and shares would be lost without a word.
    private static bool MustBeNamed(string file, Damage damage) => file switch
    {
        "known_trackers.txt" => damage is Damage.Cut or Damage.Garbage or Damage.Folder,
        "state.db" => damage is Damage.Cut or Damage.Garbage or Damage.Folder,
        _ => damage is Damage.Folder,
    };

    private static void DoDamage(string path, Damage damage)
    {
        var bytes = File.Exists(path) ? File.ReadAllBytes(path) : new byte[100];
        if (damage is not Damage.Unreadable)
        {
            File.Delete(path);
        }

        switch (damage)
        {
            case Damage.Empty:
                File.WriteAllBytes(path, []);
                break;
            case Damage.Cut:
                File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
                break;
            case Damage.Garbage:
                new Random(3).NextBytes(bytes);
                File.WriteAllBytes(path, bytes);
                break;
            case Damage.Folder:
                Directory.CreateDirectory(path);
                break;
            case Damage.Unreadable:
                File.AppendAllText(path, "");
                UnixFile.SetMode(path, "0000");
                break;
        }
    }

    // The first page, and so the schema, stays whole.
    private static void DamageTable(string path, string table)
    {
        long length;
        List<long> pages = [];
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA page_size";
            length = (long)command.ExecuteScalar()!;
            command.CommandText = "SELECT rootpage FROM sqlite_schema WHERE tbl_name = $table";
            command.Parameters.AddWithValue("$table", table);
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                pages.Add(reader.GetInt64(0));
            }
        }

        var garbage = new byte[length];
        new Random(3).NextBytes(garbage);
        using var file = File.OpenWrite(path);
        foreach (var page in pages)
        {
            file.Position = (page - 1) * length;
            file.Write(garbage);
        }
    }

    // All that a peer does with the folder when it starts.
    private StateFolder Use()
    {
        var state = StateFolder.Open(_path);
        var isNew = state.KnownTrackers.Find(Tracker) is null;
        if (isNew)
        {
            state.KnownTrackers.Remember(Tracker, Fingerprint);
        }

        using var connection = state.Database.Open();
        using var identity = PeerIdentity.Acquire(state, TimeProvider.System);
        return state;
    }

    private static void AssertRefused(string path, string reason)
    {
        var error = Assert.Throws<P2PShareException>(() => StateFolder.Open(path));
        Assert.Equal(ErrorCode.StateFolderUnusable, error.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("P2PSHARE_HOME", error.Message, StringComparison.Ordinal);
    }
}
