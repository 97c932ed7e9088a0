using System.Data.Common;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>Ends sessions. The peers that they announced may be many: they are offline at once, and a purge removes them later, some at a time.</summary>
internal static class SessionEnd
{
    /// <param name="session">Hash of the session's token.</param>
    public static async Task EndAsync(DbConnection connection, long user, string session)
    {
        if (await PeerStore.ExistsOfUserAsync(connection, user))
        {
            await PeerStore.EndAsync(connection, user, session, kept: null, await SessionStore.AddEndedAsync(connection, user));
        }

        await SessionStore.RemoveAsync(connection, session);
    }

    /// <summary>Ends all sessions of a user except one.</summary>
    /// <param name="kept">Hash of its token; null: none.</param>
    public static async Task EndAllAsync(DbConnection connection, long user, string? kept = null)
    {
        var ended = await SessionStore.AddEndedAsync(connection, user);
        await PeerStore.EndAsync(connection, user, session: null, kept, ended);
        await SessionStore.RemoveAllAsync(connection, user, kept);
    }
}
