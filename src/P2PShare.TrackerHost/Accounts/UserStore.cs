using System.Data.Common;
using Dapper;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>The rows of users.</summary>
internal static class UserStore
{
    /// <returns>False if the name is taken.</returns>
    public static async Task<bool> AddAsync(DbConnection connection, string name, string passwordHash, DateTimeOffset now) => await connection.ExecuteAsync(
        """
        INSERT INTO users (guid, name_key, name, password_hash, password_prepared, created) VALUES (@Guid, @Key, @name, @passwordHash, 1, @Now)
        ON CONFLICT (name_key) DO NOTHING
        """,
        new { Guid = Guid.NewGuid().ToString("D"), Key = AccountName.Key(name), name, passwordHash, Now = now.ToUnixTimeSeconds() }) == 1;

    /// <returns>Null if there is none of that name.</returns>
    // Only a valid name is looked up: PostgreSQL refuses text with a zero in it.
    public static Task<StoredUser?> FindAsync(DbConnection connection, string name) => AccountName.FindProblem(name) is not null
        ? Task.FromResult<StoredUser?>(null)
        : connection.QuerySingleOrDefaultAsync<StoredUser>(
            "SELECT id, guid, name, password_hash AS PasswordHash, password_prepared AS PasswordPrepared FROM users WHERE name_key = @Key", new { Key = AccountName.Key(name) });

    /// <summary>Changes a password, which was prepared, that is still the one that was checked.</summary>
    /// <returns>False if it is another one by now, or the user is gone.</returns>
    public static async Task<bool> ChangeHashAsync(DbConnection connection, long user, string oldHash, string newHash) => await connection.ExecuteAsync(
        "UPDATE users SET password_hash = @newHash, password_prepared = 1 WHERE id = @user AND password_hash = @oldHash", new { user, oldHash, newHash }) == 1;

    /// <summary>Sets a password whatever the current one is.</summary>
    public static Task SetHashAsync(DbConnection connection, long user, string newHash) =>
        connection.ExecuteAsync("UPDATE users SET password_hash = @newHash, password_prepared = 1 WHERE id = @user", new { user, newHash });

    /// <summary>
    /// Makes a user one of the past: the name is free, no password fits, and what the user had can be removed some at a time before the row.
    /// </summary>
    /// <returns>False if the user is gone, or is one of the past already.</returns>
    public static async Task<bool> EndAsync(DbConnection connection, long user)
    {
        if (await connection.ExecuteAsync(
                "INSERT INTO removed_users (user_id) SELECT id FROM users WHERE id = @user ON CONFLICT (user_id) DO NOTHING", new { user }) == 0)
        {
            return false;
        }

        // No name has a space.
        await connection.ExecuteAsync("UPDATE users SET name_key = @Key, password_hash = '' WHERE id = @user", new { user, Key = $"removed {Guid.NewGuid():D}" });
        return true;
    }

    public static async Task<bool> IsEndedAsync(DbConnection connection, long user) =>
        await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM removed_users WHERE user_id = @user", new { user }) > 0;

    /// <returns>A user of the past whose row is still there; null if there is none.</returns>
    public static Task<long?> FindEndedAsync(DbConnection connection) =>
        connection.QuerySingleOrDefaultAsync<long?>("SELECT user_id FROM removed_users ORDER BY user_id LIMIT 1");

    /// <summary>Deletes a user's row; the database deletes sessions, peers and join requests with it.</summary>
    public static Task RemoveAsync(DbConnection connection, long user) => connection.ExecuteAsync("DELETE FROM users WHERE id = @user", new { user });
}
