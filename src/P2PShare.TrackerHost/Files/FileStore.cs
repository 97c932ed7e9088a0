using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Files;

/// <summary>The rows of files, of the users who share them, and of contents that were replaced or withdrawn.</summary>
internal static partial class FileStore
{
    private const string IsUnshared = "NOT EXISTS (SELECT 1 FROM file_sharers s WHERE s.file_id = files.id)";

    private const string IsHeld = "EXISTS (SELECT 1 FROM holdings h WHERE h.group_id = w.group_id AND h.pieces_root = w.pieces_root)";

    private const string IsContentAgain =
        "(EXISTS (SELECT 1 FROM files f WHERE f.group_id = w.group_id AND f.pieces_root = w.pieces_root)"
        + " OR EXISTS (SELECT 1 FROM retired_contents r WHERE r.group_id = w.group_id AND r.pieces_root = w.pieces_root))";

    private const string SelectFiles =
        """
        SELECT f.id AS Id, g.guid AS GroupGuid, g.name AS GroupName, f.name AS Name, f.size AS Size, f.piece_length AS PieceLength, f.pieces_root AS PiecesRoot,
            (SELECT u.name FROM file_sharers s JOIN users u ON u.id = s.user_id WHERE s.file_id = f.id ORDER BY s.id LIMIT 1) AS Owner,
            f.shared AS Shared, f.modified AS Modified, f.executable AS Executable, f.version AS Version
        FROM files f JOIN groups g ON g.id = f.group_id
        """;

    /// <returns>Sorted by <see cref="FileName.Key(string)"/>, then by name.</returns>
    public static Task<IEnumerable<ListedFile>> ListAsync(DbConnection connection, long group, PageRange page) => connection.QueryAsync<ListedFile>(
        $"""
        {SelectFiles} WHERE f.group_id = @group AND (f.name_key, f.name) >= (@FromKey, @FromName) AND f.name_key < @Until
        ORDER BY f.name_key, f.name LIMIT @Limit
        """,
        new
        {
            group,
            FromKey = page.AfterKey ?? page.Prefix,
            FromName = page.After is null ? "" : PageRange.Following(page.After),
            page.Until,
            page.Limit,
        });

    /// <summary>A number that changes with the files of a group; null before the first.</summary>
    public static Task<long?> FindChangeAsync(DbConnection connection, long group) =>
        connection.QuerySingleOrDefaultAsync<long?>("SELECT number FROM file_changes WHERE group_id = @group", new { group });

    /// <summary>To be called in each write that adds or removes files or sharers of a group.</summary>
    public static async Task SetChangedAsync(DbConnection connection, long group) => await connection.ExecuteAsync(
        "INSERT INTO file_changes (group_id, number) VALUES (@group, @number) ON CONFLICT (group_id) DO UPDATE SET number = excluded.number",
        new { group, number = await connection.TakeNumbersAsync(1) });

    /// <returns>By id.</returns>
    public static async Task<IReadOnlyDictionary<long, ListedFile>> GetAsync(DbConnection connection, IEnumerable<long> files) =>
        (await connection.QueryAsync<ListedFile>($"{SelectFiles} WHERE {connection.In("f.id", "@Files")}", new { Files = connection.List(files) })).ToDictionary(file => file.Id);

    /// <returns>By name: each of the files that there is.</returns>
    /// <param name="user">The user who asks.</param>
    public static async Task<IReadOnlyDictionary<string, StoredFile>> FindAsync(DbConnection connection, long group, IEnumerable<string> names, long user) =>
        (await connection.QueryAsync<StoredFile>(
            $"""
            SELECT f.id AS Id, f.name AS Name, f.size AS Size, f.piece_length AS PieceLength, f.pieces_root AS PiecesRoot, f.modified AS Modified, f.executable AS Executable,
                f.shared AS Shared, f.version AS Version, f.history AS History,
                (SELECT COUNT(*) FROM file_sharers s WHERE s.file_id = f.id AND s.user_id = @user) AS Sharers,
                (SELECT s.user_id FROM file_sharers s WHERE s.file_id = f.id ORDER BY s.id LIMIT 1) AS Owner
            FROM files f WHERE f.group_id = @group AND {connection.In("f.name", "@Names")}
            """,
            new { group, user, Names = connection.List(names) })).ToDictionary(file => file.Name, StringComparer.Ordinal);

    /// <returns>The file of a name; null if there is none.</returns>
    public static Task<ListedFile?> GetAsync(DbConnection connection, long group, string name) =>
        connection.QuerySingleOrDefaultAsync<ListedFile>($"{SelectFiles} WHERE f.group_id = @group AND f.name = @name", new { group, name });

    /// <summary>Adds files under names that there are not.</summary>
    /// <param name="files">With how many contents the name has had, and what its earlier versions are found by.</param>
    /// <returns>The id of each, by name.</returns>
    public static async Task<IReadOnlyDictionary<string, long>> AddAsync(
        DbConnection connection, long group, IEnumerable<(ShareFileRequest File, long Version, long? History)> files, DateTimeOffset now) =>
        (await connection.QueryAsync<(long Id, string Name)>(
            $"""
            INSERT INTO files (group_id, name, name_key, size, piece_length, pieces_root, modified, executable, version, history, shared)
            SELECT @group, r.name, r.name_key, r.size, r.piece_length, r.pieces_root, r.modified, r.executable, r.version, r.history, @Now
            FROM {connection.Rows(
                "@rows",
                ("name", "TEXT"),
                ("name_key", "TEXT"),
                ("size", "BIGINT"),
                ("piece_length", "BIGINT"),
                ("pieces_root", "TEXT"),
                ("modified", "BIGINT"),
                ("executable", "BIGINT"),
                ("version", "BIGINT"),
                ("history", "BIGINT"))}
            RETURNING id, name
            """,
            new
            {
                group,
                Now = now.ToUnixTimeSeconds(),
                rows = JsonSerializer.Serialize(files.Select(one => FileRow.Of(one.File, one.Version, one.History)), FileRowJson.Default.IEnumerableFileRow),
            }))
        .ToDictionary(row => row.Name, row => row.Id, StringComparer.Ordinal);

    /// <summary>Gives a file the attributes that are known; the others stay.</summary>
    public static Task SetAttributesAsync(DbConnection connection, long file, EntryAttributes attributes) => connection.ExecuteAsync(
        "UPDATE files SET modified = COALESCE(@Modified, modified), executable = COALESCE(@Executable, executable) WHERE id = @file",
        new { file, Modified = StoredAttributes.Write(attributes.Modified), Executable = StoredAttributes.Write(attributes.Executable) });

    /// <summary>Makes a user a sharer of files that the user does not share.</summary>
    public static Task AddSharersAsync(DbConnection connection, IEnumerable<long> files, long user, DateTimeOffset now) => connection.ExecuteAsync(
        $"INSERT INTO file_sharers (file_id, user_id, shared) SELECT f.id, @user, @Now FROM files f WHERE {connection.In("f.id", "@Files")}",
        new { user, Now = now.ToUnixTimeSeconds(), Files = connection.List(files) });

    /// <summary>Ends a user's shares of files.</summary>
    public static Task RemoveSharersAsync(DbConnection connection, IReadOnlyList<long> files, long user) => connection.ExecuteAsync(
        $"DELETE FROM file_sharers WHERE user_id = @user AND {connection.In("file_id", "@Files")}", new { user, Files = connection.List(files) });

    /// <summary>Some of the files that a user shares in a group, of those shared up to a second.</summary>
    public static async Task<IReadOnlyList<long>> FindSharedAsync(DbConnection connection, long group, long user, long until, int max) =>
        (await connection.QueryAsync<long>(
            """
            SELECT s.file_id FROM file_sharers s JOIN files f ON f.id = s.file_id
            WHERE s.user_id = @user AND f.group_id = @group AND s.shared <= @until LIMIT @max
            """,
            new { group, user, until, max })).AsList();

    public static Task RemoveAsync(DbConnection connection, long file) => connection.ExecuteAsync("DELETE FROM files WHERE id = @file", new { file });

    /// <summary>Removes some of the files of a deleted group with their sharers, then of its earlier versions, replaced and withdrawn contents.</summary>
    /// <param name="max">Rows that may be deleted.</param>
    /// <returns>How many were; <paramref name="max"/> if more may be left.</returns>
    public static async Task<int> RemoveOfGroupAsync(DbConnection connection, long group, int max)
    {
        var some = max / 2;
        var files = (await connection.QueryAsync<long>("SELECT id FROM files WHERE group_id = @group LIMIT @some", new { group, some })).AsList();
        var chosen = new { Files = connection.List(files), some };
        var sharers = await connection.ExecuteAsync(
            $"DELETE FROM file_sharers WHERE id IN (SELECT id FROM file_sharers WHERE {connection.In("file_id", "@Files")} LIMIT @some)", chosen);
        if (sharers == some)
        {
            return max;
        }

        await connection.ExecuteAsync($"DELETE FROM files WHERE {connection.In("id", "@Files")}", chosen);
        if (files.Count == some)
        {
            return max;
        }

        var removed = sharers + files.Count;
        removed += await VersionStore.RemoveOfGroupAsync(connection, group, max - removed);
        removed += await connection.DeleteOfGroupAsync("retired_contents", "group_id, pieces_root", group, max - removed);
        return removed + await connection.DeleteOfGroupAsync("withdrawn_contents", "group_id, pieces_root", group, max - removed);
    }

    /// <summary>Deletes those of some files that have no sharer left, and their earlier versions.</summary>
    /// <returns>Their names.</returns>
    public static async Task<IReadOnlyList<string>> RemoveUnsharedAsync(DbConnection connection, IReadOnlyList<long> files, DateTimeOffset now)
    {
        var unshared = $"{connection.In("id", "@Files")} AND {IsUnshared}";
        var parameters = new { Now = now.ToUnixTimeSeconds(), Files = connection.List(files) };
        await AddWithdrawnAsync(connection, "files", unshared, parameters);
        await VersionStore.RemoveOfFilesAsync(connection, unshared, parameters);
        return (await connection.QueryAsync<string>($"DELETE FROM files WHERE {unshared} RETURNING name", parameters)).AsList();
    }

    /// <summary>Lets peers hold a replaced content until running downloads have finished.</summary>
    public static Task AddRetiredAsync(DbConnection connection, long group, string piecesRoot, DateTimeOffset expires) => connection.ExecuteAsync(
        """
        INSERT INTO retired_contents (group_id, pieces_root, expires) VALUES (@group, @piecesRoot, @Expires)
        ON CONFLICT (group_id, pieces_root) DO UPDATE SET expires = excluded.expires
        """,
        new { group, piecesRoot, Expires = expires.ToUnixTimeSeconds() });

    /// <summary>Those of <paramref name="roots"/> that are contents of the group, replaced ones that can still be fetched included.</summary>
    public static async Task<HashSet<string>> FindRootsAsync(DbConnection connection, long group, IEnumerable<string> roots, DateTimeOffset now) =>
        [.. await connection.QueryAsync<string>(
            $"""
            SELECT pieces_root FROM files WHERE group_id = @group AND {connection.In("pieces_root", "@Roots")}
            UNION
            SELECT pieces_root FROM retired_contents WHERE group_id = @group AND expires > @Now AND {connection.In("pieces_root", "@Roots")}
            """,
            new { group, Roots = connection.List(roots), Now = now.ToUnixTimeSeconds() })];

    /// <summary>Removes some of the replaced contents whose time is over.</summary>
    /// <returns>Whether more may be left.</returns>
    public static async Task<bool> PurgeExpiredAsync(DbConnection connection, DateTimeOffset now)
    {
        const string Some = "(group_id, pieces_root) IN (SELECT group_id, pieces_root FROM retired_contents WHERE expires <= @Now ORDER BY group_id, pieces_root LIMIT @MaxRows)";
        var parameters = new { Now = now.ToUnixTimeSeconds(), PartialDelete.MaxRows };
        await AddWithdrawnAsync(connection, "retired_contents", Some, parameters);
        return await connection.ExecuteAsync($"DELETE FROM retired_contents WHERE {Some}", parameters) == PartialDelete.MaxRows;
    }

    /// <summary>Removes some of the withdrawn contents that no peer holds and none can add, and of those that their groups have again.</summary>
    /// <returns>How many.</returns>
    public static Task<int> RemoveWithdrawnAsync(DbConnection connection, int max, DateTimeOffset now) => connection.ExecuteAsync(
        $"""
        DELETE FROM withdrawn_contents WHERE withdrawn <= @Settled AND (group_id, pieces_root) IN (
            SELECT w.group_id, w.pieces_root FROM withdrawn_contents w WHERE w.withdrawn <= @Settled AND (NOT {IsHeld} OR {IsContentAgain}) LIMIT @max)
        """,
        new { max, Settled = UnderWay.SettledSince(connection, now) });

    /// <summary>A subquery for some withdrawn contents <c>w</c> that peers hold, and that their groups do not have again.</summary>
    public static string SomeHeldWithdrawn { get; } =
        $"(SELECT w.group_id, w.pieces_root FROM withdrawn_contents w WHERE {IsHeld} AND NOT ({IsContentAgain}) LIMIT @max)";

    private static Task<int> AddWithdrawnAsync(DbConnection connection, string table, string condition, object parameters) => connection.ExecuteAsync(
        $"""
        INSERT INTO withdrawn_contents (group_id, pieces_root, withdrawn)
        SELECT DISTINCT group_id, pieces_root, @Now FROM {table} WHERE {condition} AND pieces_root IS NOT NULL
        ON CONFLICT (group_id, pieces_root) DO UPDATE SET withdrawn = excluded.withdrawn
        """,
        parameters);

    private sealed record FileRow(
        string Name, string NameKey, long Size, int PieceLength, string? PiecesRoot, long? Modified, long? Executable, long Version, long? History)
    {
        public static FileRow Of(ShareFileRequest file, long version, long? history) => new(
            file.Name,
            FileName.Key(file.Name),
            file.Size,
            file.PieceLength,
            file.PiecesRoot?.ToString(),
            StoredAttributes.Write(file.Modified),
            StoredAttributes.Write(file.Executable),
            version,
            history);
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Default)]
    [JsonSerializable(typeof(IEnumerable<FileRow>))]
    private sealed partial class FileRowJson : JsonSerializerContext;
}
