using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

internal sealed record StoredUser(long Id, string Name, string PasswordHash);

/// <summary>The rows of users.</summary>
internal sealed class UserStore(TrackerDatabase database, TimeProvider clock)
{
    /// <exception cref="P2PShareException"><see cref="ErrorCode.UserNameTaken"/>.</exception>
    public Task CreateAsync(string name, string passwordHash, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var added = await connection.ExecuteAsync(
                """
                INSERT INTO users (name_key, name, password_hash, created) VALUES (@Key, @name, @passwordHash, @Now)
                ON CONFLICT (name_key) DO NOTHING
                """,
                new { Key = AccountName.Key(name), name, passwordHash, Now = clock.GetUtcNow().ToUnixTimeSeconds() });
            return added == 1 ? added : throw Taken(name);
        },
        cancellationToken);

    public Task<StoredUser?> FindAsync(string name, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.QuerySingleOrDefaultAsync<StoredUser>(
            "SELECT id, name, password_hash AS PasswordHash FROM users WHERE name_key = @Key", new { Key = AccountName.Key(name) }),
        cancellationToken);

    public Task ChangeHashAsync(long user, string oldHash, string newHash, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.ExecuteAsync(
            "UPDATE users SET password_hash = @newHash WHERE id = @user AND password_hash = @oldHash", new { user, oldHash, newHash }),
        cancellationToken);

    public static P2PShareException Taken(string name) =>
        new(ErrorCode.UserNameTaken, $"A user called '{name}' exists already: choose another name, or log in if it is you.");
}
