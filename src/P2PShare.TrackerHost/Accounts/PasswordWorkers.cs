using System.Net;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Http;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>
/// Hashes passwords, a few at once, on threads of their own: a rush of logins delays logins, and nothing else. Those that wait have their turns by address; a login to
/// an account that was logged in to from there before comes before strangers'.
/// </summary>
internal sealed class PasswordWorkers(AccountOptions options)
{
    private readonly FairGate _gate = new(options.PasswordHashesAtOnce, options.PasswordQueueLength, Math.Max(1, options.PasswordQueueLength / 2));

    /// <summary>Passwords that wait for their turn.</summary>
    public int Waiting => _gate.Waiting;

    /// <summary>Runs <paramref name="work"/>, which hashes with <see cref="HashAsync"/>, when it is its turn.</summary>
    /// <param name="isKnown">Whether the account was logged in to from this address before.</param>
    /// <exception cref="TooManyAttemptsException">Too many wait already, or too many of this address.</exception>
    public async Task<T> RunAsync<T>(IPAddress address, bool isKnown, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        // A caller that is gone leaves the queue. What has begun is finished: a wrong password counts.
        using var turn = await _gate.EnterAsync(address.Network(), isKnown, cancellationToken)
            ?? throw new TooManyAttemptsException("The tracker is checking too many passwords at the moment. Try again in a few seconds.", TimeSpan.FromSeconds(5));
        return await work();
    }

    /// <summary>On a thread of its own: rounds of hashing take long, and the thread pool is for short work.</summary>
    public static Task<T> HashAsync<T>(Func<T> rounds) =>
        Task.Factory.StartNew(rounds, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
