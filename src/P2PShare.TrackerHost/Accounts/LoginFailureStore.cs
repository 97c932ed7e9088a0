using System.Data.Common;
using Dapper;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>The rows of wrong passwords.</summary>
internal static class LoginFailureStore
{
    public static Task AddAsync(DbConnection connection, string network, string account, DateTimeOffset now) => connection.ExecuteAsync(
        "INSERT INTO login_failures (network, account, failed) VALUES (@network, @account, @Now)",
        new { network, account, Now = now.ToUnixTimeMilliseconds() });

    /// <summary>When the Nth last failure was, in Unix milliseconds; null if there were fewer since <paramref name="since"/>.</summary>
    public static Task<(long? OfAccount, long? OfNetwork)> FindNthLastAsync(
        DbConnection connection, string network, string account, long since, int nthOfAccount, int nthOfNetwork) => connection.QuerySingleAsync<(long?, long?)>(
        """
        SELECT
            (SELECT failed FROM login_failures WHERE network = @network AND account = @account AND failed > @since
                ORDER BY failed DESC LIMIT 1 OFFSET @BeforeOfAccount) AS OfAccount,
            (SELECT failed FROM login_failures WHERE network = @network AND failed > @since
                ORDER BY failed DESC LIMIT 1 OFFSET @BeforeOfNetwork) AS OfNetwork
        """,
        new { network, account, since, BeforeOfAccount = nthOfAccount - 1, BeforeOfNetwork = nthOfNetwork - 1 });

    /// <summary>Deletes the failures of an account.</summary>
    public static Task RemoveAsync(DbConnection connection, string userName) =>
        connection.ExecuteAsync("DELETE FROM login_failures WHERE account = @Key", new { Key = AccountName.Key(userName) });

    /// <param name="since">Unix milliseconds.</param>
    public static Task PurgeExpiredAsync(DbConnection connection, long since) =>
        connection.ExecuteAsync("DELETE FROM login_failures WHERE failed <= @since", new { since });
}
