using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Access;

/// <summary>Sessions: how long they last, and whose they are.</summary>
internal sealed class SessionService(TrackerDatabase database, UserSessionOptions options, TimeProvider clock)
{
    private const int MaxLookUpsAtOnce = 256;

    // A session's end moves at most this often: a write for each request would be the tracker's main load.
    private readonly TimeSpan _touchInterval = options.SessionLifetime / 4 < TimeSpan.FromHours(1) ? options.SessionLifetime / 4 : TimeSpan.FromHours(1);

    // Nearly every request begins with one.
    private readonly Batcher<string, StoredSession?> _lookUps = new(
        hashes => database.ReadAsync(connection => SessionStore.FindAsync(connection, hashes), CancellationToken.None), MaxLookUpsAtOnce);

    /// <summary>The user of a token; null for a token that is unknown, expired or revoked.</summary>
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

        return new CurrentUser(session.UserId, Guid.Parse(session.UserGuid), Guid.Parse(session.SessionGuid), session.UserName, hash, ExpiryOf(lastUsed));
    }

    public Task<bool> PurgeExpiredAsync(DbConnection connection, DateTimeOffset now) => SessionStore.PurgeExpiredAsync(connection, now - options.SessionLifetime);

    /// <summary>To be called in a write that depends on a session: it may have ended since the request came.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.NotLoggedIn"/>.</exception>
    public static async Task RequireAsync(DbConnection connection, CurrentUser user)
    {
        if (!await SessionStore.ExistsAsync(connection, user.SessionHash))
        {
            throw Ended();
        }
    }

    public static P2PShareException Ended() => new(ErrorCode.NotLoggedIn, "The session ended while the request was under way: log in.");

    public DateTimeOffset ExpiryOf(long lastUsed) => DateTimeOffset.FromUnixTimeSeconds(lastUsed) + options.SessionLifetime;

    /// <returns>Whether there was room for it: on a full disk, reads are served all the same.</returns>
    private async Task<bool> TouchAsync(string hash, DateTimeOffset now)
    {
        try
        {
            return await database.WriteAsync(connection => SessionStore.TouchAsync(connection, hash, now), CancellationToken.None);
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.TrackerStorageFull)
        {
            return false;
        }
    }
}
