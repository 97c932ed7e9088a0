using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>Sessions: a token that only the client knows, and its hash here.</summary>
internal sealed class SessionStore(TrackerDatabase database, TrackerOptions options, TimeProvider clock)
{
    private const int TokenSize = 32;

    // Longest token that is looked at, in characters; a real one has 43.
    private const int MaxTokenLength = 64;

    // A session's end moves at most so often: a write for each request would be the tracker's main load.
    private static readonly TimeSpan TouchInterval = TimeSpan.FromHours(1);

    public async Task<(string Token, DateTimeOffset Expires)> OpenAsync(long user, CancellationToken cancellationToken)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenSize));
        var now = clock.GetUtcNow();
        await database.WriteAsync(
            connection => connection.ExecuteAsync(
                "INSERT INTO sessions (token_hash, user_id, created, last_used) VALUES (@Hash, @user, @Now, @Now)",
                new { Hash = HashOf(token), user, Now = now.ToUnixTimeSeconds() }),
            cancellationToken);
        return (token, ExpiryOf(now.ToUnixTimeSeconds()));
    }

    /// <summary>The user of a token; null for one that is unknown, expired or revoked.</summary>
    public async Task<CurrentUser?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length > MaxTokenLength)
        {
            return null;
        }

        var hash = HashOf(token);
        var session = await database.ReadAsync(
            connection => connection.QuerySingleOrDefaultAsync<Row>(
                """
                SELECT u.id AS UserId, u.name AS UserName, s.last_used AS LastUsed
                FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = @hash
                """,
                new { hash }),
            cancellationToken);
        var now = clock.GetUtcNow();
        if (session is null || ExpiryOf(session.LastUsed) <= now)
        {
            return null;
        }

        var lastUsed = session.LastUsed;
        if (now - DateTimeOffset.FromUnixTimeSeconds(lastUsed) >= TouchInterval)
        {
            lastUsed = now.ToUnixTimeSeconds();
            await database.WriteAsync(
                connection => connection.ExecuteAsync("UPDATE sessions SET last_used = @lastUsed WHERE token_hash = @hash", new { lastUsed, hash }),
                cancellationToken);
        }

        return new CurrentUser(session.UserId, session.UserName, hash, ExpiryOf(lastUsed));
    }

    /// <summary>Ends a session, and with it the peers that it announced.</summary>
    public Task RevokeAsync(string sessionHash, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.ExecuteAsync("DELETE FROM sessions WHERE token_hash = @sessionHash", new { sessionHash }), cancellationToken);

    // 256 random bits need no slow hash and no salt.
    private static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private DateTimeOffset ExpiryOf(long lastUsed) => DateTimeOffset.FromUnixTimeSeconds(lastUsed) + options.SessionLifetime;

    private sealed record Row(long UserId, string UserName, long LastUsed);
}
