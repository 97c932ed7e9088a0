using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

internal sealed record StoredUser(long Id, string Name, string PasswordHash);

/// <summary>The rows of users.</summary>
internal sealed class UserStore(TrackerDatabase database, TimeProvider clock)
{
    /// <param name="invitation">Hash of the invitation's token, of which one use is taken off; null: none is needed.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.UserNameTaken"/> or <see cref="ErrorCode.InvalidInvitation"/>.</exception>
    public Task CreateAsync(string name, string passwordHash, string? invitation, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            if (invitation is not null)
            {
                await InvitationStore.UseAsync(connection, invitation, clock);
            }

            var added = await connection.ExecuteAsync(
                """
                INSERT INTO users (name_key, name, password_hash, created) VALUES (@Key, @name, @passwordHash, @Now)
                ON CONFLICT (name_key) DO NOTHING
                """,
                new { Key = AccountName.Key(name), name, passwordHash, Now = clock.GetUtcNow().ToUnixTimeSeconds() });
            return added == 1 ? added : throw Taken(name);
        },
        cancellationToken);

    public async Task<StoredUser?> FindAsync(string name, CancellationToken cancellationToken) => AccountName.FindProblem(name) is not null ? null : await database.ReadAsync(
        connection => connection.QuerySingleOrDefaultAsync<StoredUser>(
            "SELECT id, name, password_hash AS PasswordHash FROM users WHERE name_key = @Key", new { Key = AccountName.Key(name) }),
        cancellationToken);

    public Task ChangeHashAsync(long user, string oldHash, string newHash, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.ExecuteAsync(
            "UPDATE users SET password_hash = @newHash WHERE id = @user AND password_hash = @oldHash", new { user, oldHash, newHash }),
        cancellationToken);

    /// <summary>Sets a password whatever the current one is, ends every session of the user, and forgets wrong passwords.</summary>
    public Task SetHashAsync(long user, string newHash, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.ExecuteAsync(
            """
            UPDATE users SET password_hash = @newHash WHERE id = @user;
            DELETE FROM sessions WHERE user_id = @user;
            DELETE FROM login_failures WHERE account = (SELECT name_key FROM users WHERE id = @user);
            """,
            new { user, newHash }),
        cancellationToken);

    /// <summary>Deletes a user: sessions, peers and join requests go with the row, memberships and shares as where somebody leaves.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.UserOwnsGroups"/>.</exception>
    public Task RemoveAsync(CurrentUser user, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            await SessionStore.RequireAsync(connection, user);
            return await RemoveAsync(connection, user.Id, user.Name);
        },
        cancellationToken);

    /// <summary>The same, not asked for by the user.</summary>
    /// <inheritdoc cref="RemoveAsync(CurrentUser, CancellationToken)" path="/exception"/>
    public Task RemoveAsync(StoredUser user, CancellationToken cancellationToken) =>
        database.WriteAsync(connection => RemoveAsync(connection, user.Id, user.Name), cancellationToken);

    private async Task<int> RemoveAsync(DbConnection connection, long user, string name)
    {
        var owned = (await connection.QueryAsync<string>("SELECT name FROM groups WHERE owner_id = @user ORDER BY name_key", new { user })).ToList();
        if (owned.Count > 0)
        {
            throw OwnsGroups(name, owned);
        }

        foreach (var group in await connection.QueryAsync<long>("SELECT group_id FROM members WHERE user_id = @user", new { user }))
        {
            await Membership.EndAsync(connection, group, user, GroupEventKind.MemberLeft, clock.GetUtcNow());
        }

        return await connection.ExecuteAsync("DELETE FROM users WHERE id = @user", new { user });
    }

    private static P2PShareException OwnsGroups(string name, List<string> owned)
    {
        const int MostNamed = 10;
        var names = string.Join(", ", owned.Take(MostNamed).Select(group => $"'{group}'"));
        var more = owned.Count > MostNamed ? $" and {owned.Count - MostNamed} more" : "";
        return new P2PShareException(
            ErrorCode.UserOwnsGroups, $"'{name}' owns {names}{more}: hand each over to another member, or delete it, before the user can be deleted.");
    }

    public static P2PShareException Taken(string name) =>
        new(ErrorCode.UserNameTaken, $"A user called '{name}' exists already: choose another name, or log in if it is you.");
}
