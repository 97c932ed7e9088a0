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

    /// <summary>Deletes a user; the database deletes sessions, peers and join requests with it.</summary>
    public static Task RemoveAsync(DbConnection connection, long user) => connection.ExecuteAsync("DELETE FROM users WHERE id = @user", new { user });
}
