using System.Data.Common;
using Dapper;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Access;

/// <summary>The rows of sessions: of a token only its hash.</summary>
internal static class SessionStore
{
    // No hash of a token begins so.
    private const string EndedPrefix = "ended ";

    /// <summary>Adds a session of a user whose password is still the one that was checked.</summary>
    /// <returns>False if the password is another one by now, or the user is gone.</returns>
    public static async Task<bool> AddAsync(DbConnection connection, string hash, Guid session, long user, string passwordHash, DateTimeOffset now) =>
        await connection.ExecuteAsync(
            """
            INSERT INTO sessions (token_hash, guid, user_id, created, last_used)
            SELECT @hash, @Guid, id, @Now, @Now FROM users WHERE id = @user AND password_hash = @passwordHash
            """,
            new { hash, Guid = session.ToString("D"), user, passwordHash, Now = now.ToUnixTimeSeconds() }) == 1;

    /// <summary>The sessions of a user that were not used for longest, beyond some that are kept.</summary>
    /// <param name="added">Hash of the newest session's token, which is kept.</param>
    /// <param name="kept">How many are kept beside it.</param>
    /// <param name="max">Most that are returned.</param>
    public static async Task<IReadOnlyList<(string TokenHash, Guid Id)>> FindExcessAsync(DbConnection connection, long user, string added, int kept, int max) =>
        [.. (await connection.QueryAsync<(string TokenHash, string Guid)>(
            """
            SELECT token_hash, guid FROM sessions WHERE user_id = @user AND token_hash <> @added AND last_used > 0
            ORDER BY last_used DESC, created DESC, token_hash LIMIT @max OFFSET @kept
            """,
            new { user, added, kept, max })).Select(row => (row.TokenHash, Guid.Parse(row.Guid)))];

    /// <returns>The session of each hash, in their order; null for one that is not there.</returns>
    public static async Task<IReadOnlyList<StoredSession?>> FindAsync(DbConnection connection, IReadOnlyList<string> hashes)
    {
        var rows = (await connection.QueryAsync<StoredSession>(
                $"""
                SELECT s.token_hash AS TokenHash, s.guid AS SessionGuid, u.id AS UserId, u.guid AS UserGuid, u.name AS UserName, s.last_used AS LastUsed
                FROM sessions s JOIN users u ON u.id = s.user_id WHERE {connection.In("s.token_hash", "@Hashes")}
                """,
                new { Hashes = connection.List(hashes) }))
            .ToDictionary(row => row.TokenHash, StringComparer.Ordinal);
        return [.. hashes.Select(rows.GetValueOrDefault)];
    }

    /// <summary>Those of <paramref name="hashes"/> that are sessions.</summary>
    public static Task<IEnumerable<string>> FindExistingAsync(DbConnection connection, IEnumerable<string> hashes) => connection.QueryAsync<string>(
        $"SELECT token_hash FROM sessions WHERE {connection.In("token_hash", "@Hashes")}", new { Hashes = connection.List(hashes) });

    public static async Task<bool> ExistsAsync(DbConnection connection, string hash) =>
        await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE token_hash = @hash", new { hash }) > 0;

    /// <returns>Whether the session is still there.</returns>
    public static async Task<bool> TouchAsync(DbConnection connection, string hash, DateTimeOffset now) => await connection.ExecuteAsync(
        "UPDATE sessions SET last_used = @Now WHERE token_hash = @hash", new { hash, Now = now.ToUnixTimeSeconds() }) == 1;

    /// <summary>Adds a session that nobody can use, and that is purged soon: it keeps the peers of one that ends until they are removed.</summary>
    /// <returns>In place of the hash of a token.</returns>
    public static async Task<string> AddEndedAsync(DbConnection connection, long user)
    {
        var guid = Guid.NewGuid().ToString("D");
        var hash = $"{EndedPrefix}{guid}";
        await connection.ExecuteAsync(
            "INSERT INTO sessions (token_hash, guid, user_id, created, last_used) VALUES (@hash, @guid, @user, 0, 0)", new { hash, guid, user });
        return hash;
    }

    /// <summary>Removes a session; the database deletes its peers with it.</summary>
    public static Task RemoveAsync(DbConnection connection, string hash) =>
        connection.ExecuteAsync("DELETE FROM sessions WHERE token_hash = @hash", new { hash });

    /// <summary>Removes all sessions of a user that can be used, except one.</summary>
    /// <param name="kept">Null: none.</param>
    public static Task RemoveAllAsync(DbConnection connection, long user, string? kept = null) =>
        connection.ExecuteAsync("DELETE FROM sessions WHERE user_id = @user AND token_hash <> @Kept AND last_used > 0", new { user, Kept = kept ?? "" });

    /// <param name="usedBefore">Sessions that were last used before are over.</param>
    /// <inheritdoc cref="PartialDelete.DeleteSomeAsync" path="/returns"/>
    public static Task<bool> PurgeExpiredAsync(DbConnection connection, DateTimeOffset usedBefore) =>
        connection.DeleteSomeAsync(
            // Its peers, of which there may be many, are removed first, in parts.
            "sessions", "token_hash", "last_used < @Before AND NOT EXISTS (SELECT 1 FROM peers p WHERE p.session_hash = sessions.token_hash)", new { Before = usedBefore.ToUnixTimeSeconds() });
}
