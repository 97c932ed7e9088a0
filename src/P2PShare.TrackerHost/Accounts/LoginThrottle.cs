using System.Net;
using System.Net.Sockets;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>
/// Slows down who guesses passwords: so many wrong ones within a sliding window, for an account from one address and for
/// an address altogether. Only failures count, and never against an account as such: nobody can lock its owner out from elsewhere.
/// </summary>
internal sealed class LoginThrottle(TrackerOptions options, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Account, string Address), Queue<DateTimeOffset>> _failures = [];

    /// <exception cref="TooManyAttemptsException">Too many wrong passwords so far.</exception>
    public void Check(string account, IPAddress address)
    {
        lock (_lock)
        {
            var network = NetworkOf(address);
            var wait = TimeSpan.Zero;
            wait = Longer(wait, WaitOf((account, network), options.LoginFailuresPerAccount));
            wait = Longer(wait, WaitOf(("", network), options.LoginFailuresPerAddress));
            if (wait > TimeSpan.Zero)
            {
                throw new TooManyAttemptsException(
                    $"Too many wrong passwords came from this address. Try again in {Math.Ceiling(wait.TotalSeconds)} seconds.", wait);
            }
        }
    }

    public void AddFailure(string account, IPAddress address)
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            var network = NetworkOf(address);
            Add((account, network), now);
            Add(("", network), now);
        }
    }

    /// <summary>Frees what no longer counts.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            foreach (var (key, failures) in _failures.ToArray())
            {
                DropOld(failures);
                if (failures.Count == 0)
                {
                    _failures.Remove(key);
                }
            }
        }
    }

    // Whoever has one IPv6 address has the 2^64 around it.
    private static string NetworkOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
        : address.ToString();

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private void Add((string Account, string Address) key, DateTimeOffset now)
    {
        if (!_failures.TryGetValue(key, out var failures))
        {
            _failures[key] = failures = new Queue<DateTimeOffset>();
        }

        failures.Enqueue(now);
    }

    private TimeSpan WaitOf((string Account, string Address) key, int limit)
    {
        if (!_failures.TryGetValue(key, out var failures))
        {
            return TimeSpan.Zero;
        }

        DropOld(failures);
        // The window has room again when the oldest of the last `limit` failures has left it.
        return failures.Count < limit
            ? TimeSpan.Zero
            : failures.ElementAt(failures.Count - limit) + options.LoginFailureWindow - clock.GetUtcNow();
    }

    private void DropOld(Queue<DateTimeOffset> failures)
    {
        var oldest = clock.GetUtcNow() - options.LoginFailureWindow;
        while (failures.TryPeek(out var first) && first <= oldest)
        {
            failures.Dequeue();
        }
    }
}
