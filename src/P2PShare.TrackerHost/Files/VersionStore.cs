using System.Data.Common;
using Dapper;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Files;

/// <summary>
/// The rows of earlier versions: contents that a name had before. They are found through the file that the name has now, and deleted with
/// it when the name is withdrawn. Who may fetch them is decided as for every replaced content.
/// </summary>
internal static class VersionStore
{
    /// <summary>The earlier versions of a name that can still be fetched, the newest first.</summary>
    public static async Task<IReadOnlyList<ListedFile>> ListAsync(DbConnection connection, long group, string name, DateTimeOffset now) =>
        (await connection.QueryAsync<ListedFile>(
            """
            SELECT f.id AS Id, g.guid AS GroupGuid, g.name AS GroupName, f.name AS Name, v.size AS Size, v.piece_length AS PieceLength, v.pieces_root AS PiecesRoot,
                u.name AS Owner, v.shared AS Shared, v.modified AS Modified, v.executable AS Executable, v.number AS Version, v.expires AS Expires
            FROM files f JOIN groups g ON g.id = f.group_id JOIN file_versions v ON v.history = f.history JOIN users u ON u.id = v.user_id
            WHERE f.group_id = @group AND f.name = @name AND v.expires > @Now ORDER BY v.number DESC
            """,
            new { group, name, Now = now.ToUnixTimeSeconds() })).AsList();

    /// <summary>Keeps what a file has now as an earlier version.</summary>
    /// <param name="user">The user who replaces it.</param>
    public static Task AddAsync(DbConnection connection, long group, long user, long history, StoredFile file, DateTimeOffset expires) => connection.ExecuteAsync(
        """
        INSERT INTO file_versions (history, number, group_id, user_id, size, piece_length, pieces_root, modified, executable, shared, expires)
        VALUES (@history, @Version, @group, @user, @Size, @PieceLength, @PiecesRoot, @Modified, @Executable, @Shared, @Expires)
        """,
        new { history, group, user, file.Version, file.Size, file.PieceLength, file.PiecesRoot, file.Modified, file.Executable, file.Shared, Expires = expires.ToUnixTimeSeconds() });

    /// <summary>Removes all but the newest earlier versions of a name.</summary>
    /// <param name="keep">How many stay.</param>
    /// <returns>The users whose quotas the removed ones counted in: one for each whose time was not over.</returns>
    public static async Task<IReadOnlyList<long>> RemoveOldestAsync(DbConnection connection, long history, int keep, DateTimeOffset now) => [.. (await connection.QueryAsync<(long User, long Expires)>(
        """
        DELETE FROM file_versions WHERE history = @history AND number NOT IN (
            SELECT number FROM file_versions WHERE history = @history ORDER BY number DESC LIMIT @keep) RETURNING user_id, expires
        """,
        new { history, keep })).Where(row => row.Expires > now.ToUnixTimeSeconds()).Select(row => row.User)];

    /// <summary>Removes the versions of files that are about to go, so that none stays of a name that no longer exists.</summary>
    /// <param name="which">A condition on the columns of files.</param>
    public static Task RemoveOfFilesAsync(DbConnection connection, string which, object parameters) => connection.ExecuteAsync(
        $"DELETE FROM file_versions WHERE history IN (SELECT history FROM files WHERE {which} AND history IS NOT NULL)", parameters);

    /// <summary>Removes some of those that a user shared in a group, of contents shared up to a second.</summary>
    /// <returns>How many.</returns>
    public static Task<int> RemoveOfUserAsync(DbConnection connection, long group, long user, long until, int max) => connection.ExecuteAsync(
        """
        DELETE FROM file_versions WHERE (history, number) IN (
            SELECT history, number FROM file_versions WHERE user_id = @user AND group_id = @group AND shared <= @until LIMIT @max)
        """,
        new { group, user, until, max });

    /// <summary>Removes some of those of a deleted group.</summary>
    /// <inheritdoc cref="PartialDelete.DeleteOfGroupAsync" path="/returns"/>
    public static Task<int> RemoveOfGroupAsync(DbConnection connection, long group, int max) =>
        connection.DeleteOfGroupAsync("file_versions", "history, number", group, max);

    /// <summary>Removes some of those whose time is over.</summary>
    /// <returns>Whether more may be left.</returns>
    public static Task<bool> PurgeExpiredAsync(DbConnection connection, DateTimeOffset now) =>
        connection.DeleteSomeAsync("file_versions", "history, number", "expires <= @Now", new { Now = now.ToUnixTimeSeconds() });
}
