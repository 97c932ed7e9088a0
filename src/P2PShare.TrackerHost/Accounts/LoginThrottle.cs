using System.Data.Common;
using System.Net;
using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>
/// Slows down who guesses passwords: so many wrong ones within a sliding window, for an account from one address and for
/// an address altogether. Only failures count, and never against an account as such: nobody can lock its owner out from
/// elsewhere. They are in the database, where all instances count together; a login is far slower than the look at it.
/// </summary>
internal sealed class LoginThrottle(TrackerDatabase database, TrackerOptions options, TimeProvider clock)
{
    /// <exception cref="TooManyAttemptsException">Too many wrong passwords so far.</exception>
    public async Task CheckAsync(string account, IPAddress address, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var since = Since(options, now);
        // The window has room again when the oldest of the last `limit` failures has left it.
        var (ofAccount, ofAddress) = await database.ReadAsync(
            connection => connection.QuerySingleAsync<(long?, long?)>(
                """
                SELECT
                    (SELECT failed FROM login_failures WHERE network = @Network AND account = @account AND failed > @since
                        ORDER BY failed DESC LIMIT 1 OFFSET @BeforeOfAccount) AS OfAccount,
                    (SELECT failed FROM login_failures WHERE network = @Network AND failed > @since
                        ORDER BY failed DESC LIMIT 1 OFFSET @BeforeOfAddress) AS OfAddress
                """,
                new
                {
                    Network = address.Network(),
                    account,
                    since,
                    BeforeOfAccount = options.LoginFailuresPerAccount - 1,
                    BeforeOfAddress = options.LoginFailuresPerAddress - 1,
                }),
            cancellationToken);
        var wait = TimeSpan.FromMilliseconds(Math.Max(ofAccount - since ?? 0, ofAddress - since ?? 0));
        if (wait > TimeSpan.Zero)
        {
            throw new TooManyAttemptsException(
                $"Too many wrong passwords came from this address. Try again in {Math.Ceiling(wait.TotalSeconds)} seconds.", wait);
        }
    }

    public Task AddFailureAsync(string account, IPAddress address, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.ExecuteAsync(
            "INSERT INTO login_failures (network, account, failed) VALUES (@Network, @account, @Now)",
            new { Network = address.Network(), account, Now = clock.GetUtcNow().ToUnixTimeMilliseconds() }),
        cancellationToken);

    /// <summary>Frees what no longer counts.</summary>
    public static Task<int> ForgetAsync(DbConnection connection, TrackerOptions options, DateTimeOffset now) => connection.ExecuteAsync(
        "DELETE FROM login_failures WHERE failed <= @Since", new { Since = Since(options, now) });

    private static long Since(TrackerOptions options, DateTimeOffset now) => (now - options.LoginFailureWindow).ToUnixTimeMilliseconds();
}
