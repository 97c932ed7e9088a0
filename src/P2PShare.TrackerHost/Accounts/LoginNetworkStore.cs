using System.Data.Common;
using Dapper;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>The rows of where users logged in from: their logins from there do not wait behind those of strangers.</summary>
internal static class LoginNetworkStore
{
    private const int MaxOfUser = 64;

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    // A row that is this new need not be written again.
    private static readonly TimeSpan RenewedAfter = TimeSpan.FromDays(1);

    public static async Task<bool> IsKnownAsync(DbConnection connection, long user, string network, DateTimeOffset now) =>
        await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM login_networks WHERE user_id = @user AND network = @network AND logged_in >= @Since",
            new { user, network, Since = (now - Lifetime).ToUnixTimeSeconds() }) > 0;

    /// <summary>Notes a login. Of a user's networks beyond <see cref="MaxOfUser"/> those of the oldest logins are forgotten.</summary>
    public static async Task AddAsync(DbConnection connection, long user, string network, DateTimeOffset now)
    {
        var written = await connection.ExecuteAsync(
            """
            INSERT INTO login_networks (user_id, network, logged_in) VALUES (@user, @network, @Now)
            ON CONFLICT (user_id, network) DO UPDATE SET logged_in = excluded.logged_in WHERE login_networks.logged_in < @RenewedBefore
            """,
            new { user, network, Now = now.ToUnixTimeSeconds(), RenewedBefore = (now - RenewedAfter).ToUnixTimeSeconds() });
        if (written > 0)
        {
            await connection.ExecuteAsync(
                """
                DELETE FROM login_networks WHERE user_id = @user AND network IN (
                    SELECT network FROM login_networks WHERE user_id = @user ORDER BY logged_in DESC, network LIMIT 1000 OFFSET @MaxOfUser)
                """,
                new { user, MaxOfUser });
        }
    }

    /// <returns>Whether more may be left.</returns>
    public static async Task<bool> PurgeExpiredAsync(DbConnection connection, DateTimeOffset now) =>
        await connection.ExecuteAsync(
            """
            DELETE FROM login_networks WHERE (user_id, network) IN (
                SELECT user_id, network FROM login_networks WHERE logged_in < @Since LIMIT @MaxRows)
            """,
            new { Since = (now - Lifetime).ToUnixTimeSeconds(), PartialDelete.MaxRows }) == PartialDelete.MaxRows;
}
