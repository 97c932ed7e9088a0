using System.Net;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Unit.TrackerHost;

/// <summary>Logins while strangers of as many networks as there are places wait.</summary>
public sealed class PasswordWorkersTests
{
    private const int Capacity = 256;

    [Theory]
    [InlineData("2001:db8:0:{0:x}::1", "2001:db8:1::1")]
    [InlineData("2001:db8:{0:x}::1", "2001:db8:ffff::1")]
    [InlineData("198.51.100.{0}", "203.0.113.1")]
    public async Task A_known_login_has_a_place_and_one_of_the_next_turns_and_one_more_stranger_is_refused(string strangers, string next)
    {
        var workers = new PasswordWorkers(new AccountOptions { PasswordHashesAtOnce = 1, PasswordQueueLength = Capacity });
        var served = new List<string>();
        var hashed = new TaskCompletionSource();
        var first = workers.RunAsync(IPAddress.Loopback, isKnown: false, async () => { await hashed.Task; return 0; }, CancellationToken.None);
        var flood = Enumerable.Range(0, Capacity)
            .Select(i => RunAsync(string.Format(null, strangers, i), isKnown: false, "stranger"))
            .ToList();
        Assert.Equal(Capacity, workers.Waiting);

        var refused = await Assert.ThrowsAsync<TooManyAttemptsException>(() => RunAsync(next, isKnown: false, "one more"));
        var known = RunAsync(next, isKnown: true, "known");

        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        Assert.Equal(Capacity, workers.Waiting);
        hashed.SetResult();
        // The newest stranger is asked to come again.
        await Assert.ThrowsAsync<TooManyAttemptsException>(() => flood[^1]);
        await Task.WhenAll([first, known, .. flood[..^1]]);
        Assert.InRange(served.IndexOf("known"), 0, 1);
        Assert.Equal(Capacity - 1, served.Count(who => who == "stranger"));

        Task<int> RunAsync(string address, bool isKnown, string who) => workers.RunAsync(
            IPAddress.Parse(address),
            isKnown,
            () =>
            {
                // One at a time.
                served.Add(who);
                return Task.FromResult(0);
            },
            CancellationToken.None);
    }
}
