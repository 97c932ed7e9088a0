using System.Data.Common;
using System.Net;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>
/// Slows down guessing of passwords: N wrong ones within a sliding window, for an account from one address and for
/// an address altogether. Only failures count, and never against an account as such: nobody can lock its owner out from
/// elsewhere. They are in the database, where all instances count together; a login takes far longer than that look-up.
/// </summary>
internal sealed class LoginThrottle(TrackerDatabase database, AccountOptions options, TimeProvider clock)
{
    /// <exception cref="TooManyAttemptsException">Too many wrong passwords so far.</exception>
    public async Task CheckAsync(string account, IPAddress address, CancellationToken cancellationToken)
    {
        var since = Since(clock.GetUtcNow());
        // The window has room again when the oldest of the last N failures has left it.
        var (ofAccount, ofNetwork) = await database.ReadAsync(
            connection => LoginFailureStore.FindNthLastAsync(
                connection, address.Network(), account, since, options.LoginFailuresPerAccount, options.LoginFailuresPerAddress),
            cancellationToken);
        var wait = TimeSpan.FromMilliseconds(Math.Max(ofAccount - since ?? 0, ofNetwork - since ?? 0));
        if (wait > TimeSpan.Zero)
        {
            throw new TooManyAttemptsException(
                $"Too many wrong passwords came from this address. Try again in {Math.Ceiling(wait.TotalSeconds)} seconds.", wait);
        }
    }

    public Task AddFailureAsync(string account, IPAddress address, CancellationToken cancellationToken) => database.WriteAsync(
        connection => LoginFailureStore.AddAsync(connection, address.Network(), account, clock.GetUtcNow()), cancellationToken);

    public Task PurgeExpiredAsync(DbConnection connection, DateTimeOffset now) => LoginFailureStore.PurgeExpiredAsync(connection, Since(now));

    private long Since(DateTimeOffset now) => (now - options.LoginFailureWindow).ToUnixTimeMilliseconds();
}
