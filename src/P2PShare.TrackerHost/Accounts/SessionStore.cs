using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>Sessions: a token that only the client knows, and its hash here.</summary>
internal sealed class SessionStore(TrackerDatabase database, TrackerOptions options, TimeProvider clock)
{
    private const int MaxLookUpsAtOnce = 256;

    // A session's end moves at most so often: a write for each request would be the tracker's main load.
    private readonly TimeSpan _touchInterval = options.SessionLifetime / 4 < TimeSpan.FromHours(1) ? options.SessionLifetime / 4 : TimeSpan.FromHours(1);

    // Nearly every request begins with one.
    private readonly Batcher<string, Row?> _lookUps = new(hashes => FindAsync(database, hashes), MaxLookUpsAtOnce);

    /// <returns>Null where the user's password is no longer the one that was checked, or the user is gone.</returns>
    public async Task<(string Token, DateTimeOffset Expires)?> OpenAsync(StoredUser user, CancellationToken cancellationToken)
    {
        var token = SecretToken.New();
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var opened = await database.WriteAsync(
            connection => connection.ExecuteAsync(
                """
                INSERT INTO sessions (token_hash, user_id, created, last_used)
                SELECT @Hash, id, @now, @now FROM users WHERE id = @Id AND password_hash = @PasswordHash
                """,
                new { Hash = SecretToken.HashOf(token), user.Id, user.PasswordHash, now }),
            cancellationToken);
        return opened == 1 ? (token, ExpiryOf(now)) : null;
    }

    /// <summary>
    /// Changes the password of a session's user. Every session of the user ends; what this one announced goes on under the
    /// new one that is answered.
    /// </summary>
    /// <param name="oldHash">Of the current password, as it was checked.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.NotLoggedIn"/> or <see cref="ErrorCode.WrongCredentials"/>: the session ended, or the password was changed, meanwhile.
    /// </exception>
    public async Task<(string Token, DateTimeOffset Expires)> ChangePasswordAsync(
        CurrentUser user, string oldHash, string newHash, CancellationToken cancellationToken)
    {
        var token = SecretToken.New();
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        await database.WriteAsync(
            async connection =>
            {
                await RequireAsync(connection, user);
                var row = new { user.Id, oldHash, newHash, Old = user.SessionHash, New = SecretToken.HashOf(token), now };
                if (await connection.ExecuteAsync(
                    "UPDATE users SET password_hash = @newHash WHERE id = @Id AND password_hash = @oldHash", row) == 0)
                {
                    throw new P2PShareException(ErrorCode.WrongCredentials, "The password was changed by another request meanwhile.");
                }

                return await connection.ExecuteAsync(
                    """
                    INSERT INTO sessions (token_hash, user_id, created, last_used) VALUES (@New, @Id, @now, @now);
                    UPDATE peers SET session_hash = @New WHERE session_hash = @Old;
                    DELETE FROM sessions WHERE user_id = @Id AND token_hash <> @New;
                    """,
                    row);
            },
            cancellationToken);
        return (token, ExpiryOf(now));
    }

    /// <summary>To be called in a write that hangs something on a session: it may have ended since the request came.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.NotLoggedIn"/>.</exception>
    public static async Task RequireAsync(DbConnection connection, CurrentUser user)
    {
        if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE token_hash = @SessionHash", user) == 0)
        {
            throw Ended();
        }
    }

    public static P2PShareException Ended() => new(ErrorCode.NotLoggedIn, "The session ended while the request was under way: log in.");

    /// <summary>The user of a token; null for one that is unknown, expired or revoked.</summary>
    public async Task<CurrentUser?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length > SecretToken.MaxLength)
        {
            return null;
        }

        var hash = SecretToken.HashOf(token);
        var session = await _lookUps.RunAsync(hash, cancellationToken);
        var now = clock.GetUtcNow();
        if (session is null || ExpiryOf(session.LastUsed) <= now)
        {
            return null;
        }

        var lastUsed = session.LastUsed;
        if (now - DateTimeOffset.FromUnixTimeSeconds(lastUsed) >= _touchInterval)
        {
            lastUsed = await TouchAsync(hash, now) ? now.ToUnixTimeSeconds() : lastUsed;
        }

        return new CurrentUser(session.UserId, session.UserName, hash, ExpiryOf(lastUsed));
    }

    /// <returns>Whether there was room for it: without, whoever only reads is served all the same.</returns>
    private async Task<bool> TouchAsync(string hash, DateTimeOffset now)
    {
        try
        {
            return await database.WriteAsync(
                connection => connection.ExecuteAsync(
                    "UPDATE sessions SET last_used = @Now WHERE token_hash = @hash", new { Now = now.ToUnixTimeSeconds(), hash }),
                CancellationToken.None) == 1;
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.TrackerStorageFull)
        {
            return false;
        }
    }

    /// <summary>Ends a session, and with it the peers that it announced.</summary>
    public Task RevokeAsync(string sessionHash, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.ExecuteAsync("DELETE FROM sessions WHERE token_hash = @sessionHash", new { sessionHash }), cancellationToken);

    private DateTimeOffset ExpiryOf(long lastUsed) => DateTimeOffset.FromUnixTimeSeconds(lastUsed) + options.SessionLifetime;

    private static Task<IReadOnlyList<Row?>> FindAsync(TrackerDatabase database, IReadOnlyList<string> hashes) => database.ReadAsync<IReadOnlyList<Row?>>(
        async connection =>
        {
            var rows = (await connection.QueryAsync<Row>(
                    $"""
                    SELECT s.token_hash AS TokenHash, u.id AS UserId, u.name AS UserName, s.last_used AS LastUsed
                    FROM sessions s JOIN users u ON u.id = s.user_id WHERE {connection.In("s.token_hash", "@Hashes")}
                    """,
                    new { Hashes = connection.List(hashes) }))
                .ToDictionary(row => row.TokenHash, StringComparer.Ordinal);
            return [.. hashes.Select(rows.GetValueOrDefault)];
        },
        CancellationToken.None);

    // Properties, not a constructor: of a result without rows SQLite cannot tell the types that a constructor is chosen by.
    private sealed class Row
    {
        public required string TokenHash { get; init; }

        public required long UserId { get; init; }

        public required string UserName { get; init; }

        public required long LastUsed { get; init; }
    }
}
