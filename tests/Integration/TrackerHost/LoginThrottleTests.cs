using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

public sealed class LoginThrottleTests : IAsyncLifetime
{
    private static readonly IPAddress Attacker = IPAddress.Parse("203.0.113.5");
    private static readonly IPAddress Owner = IPAddress.Parse("198.51.100.7");

    private readonly TrackerClock _clock = new();
    private readonly TemporaryFolder _folder = new();
    private readonly AccountOptions _options = new()
    {
        LoginFailuresPerAccount = 3,
        LoginFailuresPerAddress = 5,
        LoginFailureWindow = TimeSpan.FromMinutes(5),
    };

    private TrackerDatabase _database = null!;

    public async Task InitializeAsync() =>
        _database = await TrackerDatabase.OpenAsync(await TestDatabase.StorageAsync(_folder.Path), _clock, _ => { }, CancellationToken.None);

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        await TestDatabase.DropAsync(_folder.Path);
        _folder.Dispose();
    }

    [TrackerFact]
    public async Task Guessing_is_refused_until_the_window_has_room()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginFailuresPerAccount = 3, _clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        for (var i = 0; i < 3; i++)
        {
            await GuessAsync(HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, "alice");
        }

        var refused = await GuessAsync(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, "ALICE");
        Assert.Equal(TimeSpan.FromMinutes(5), refused.Headers.RetryAfter!.Delta);
        // The right password is not even tried, and another account is not touched.
        await alice.ExpectProblem(
            HttpStatusCode.TooManyRequests,
            ErrorCode.TooManyAttempts,
            await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", TestPassword.Text)));
        await GuessAsync(HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, "bob");
        // Who is logged in stays so.
        await alice.Expect(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));

        _clock.Advance(TimeSpan.FromMinutes(5));
        await alice.LogInAsync();

        async Task<HttpResponseMessage> GuessAsync(HttpStatusCode status, string code, string name)
        {
            var answer = await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, "a wrong guess"));
            await alice.ExpectProblem(status, code, answer);
            return answer;
        }
    }

    [TrackerFact]
    public async Task Guesses_that_come_all_at_once_get_no_more_tries()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginFailuresPerAccount = 3);
        using var alice = await TestUser.CreateAsync(tracker, "alice");

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", $"wrong guess {i}"))));

        // Two are hashed at once, so one more may have slipped in.
        Assert.InRange(answers.Count(answer => answer.StatusCode == HttpStatusCode.Unauthorized), 3, 4);
        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests));
    }

    [TrackerFact]
    public async Task Right_passwords_never_count()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginFailuresPerAccount = 3);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        for (var i = 0; i < 10; i++)
        {
            await alice.LogInAsync();
        }
    }

    [TrackerFact]
    public async Task Failures_from_elsewhere_do_not_lock_the_owner_out()
    {
        var throttle = new LoginThrottle(_database, _options, _clock);
        await FailAsync(throttle, "alice", Attacker, 5);

        await Assert.ThrowsAsync<TooManyAttemptsException>(() => CheckAsync(throttle, "alice", Attacker));
        await CheckAsync(throttle, "alice", Owner);
    }

    [TrackerFact]
    public async Task An_address_that_tries_many_accounts_is_slowed_down_too()
    {
        var throttle = new LoginThrottle(_database, _options, _clock);
        for (var i = 0; i < 5; i++)
        {
            await CheckAsync(throttle, $"user{i}", Attacker);
            await throttle.AddFailureAsync($"user{i}", Attacker, CancellationToken.None);
        }

        await Assert.ThrowsAsync<TooManyAttemptsException>(() => CheckAsync(throttle, "user6", Attacker));
    }

    [TrackerFact]
    public async Task All_of_an_IPv6_network_counts_as_one_address()
    {
        var throttle = new LoginThrottle(_database, _options, _clock);
        await FailAsync(throttle, "alice", IPAddress.Parse("2001:db8:1:2::1"), 3);

        await Assert.ThrowsAsync<TooManyAttemptsException>(() => CheckAsync(throttle, "alice", IPAddress.Parse("2001:db8:1:2:ffff::9")));
        await CheckAsync(throttle, "alice", IPAddress.Parse("2001:db8:1:3::1"));
    }

    [TrackerFact]
    public async Task The_window_slides()
    {
        var throttle = new LoginThrottle(_database, _options, _clock);
        await FailAsync(throttle, "alice", Attacker, 1);
        _clock.Advance(TimeSpan.FromMinutes(4));
        await FailAsync(throttle, "alice", Attacker, 2);

        var refused = await Assert.ThrowsAsync<TooManyAttemptsException>(() => CheckAsync(throttle, "alice", Attacker));
        Assert.Equal(TimeSpan.FromMinutes(1), refused.RetryAfter);
        await _database.WriteAsync(connection => throttle.PurgeExpiredAsync(connection, _clock.GetUtcNow()), CancellationToken.None);
        await Assert.ThrowsAsync<TooManyAttemptsException>(() => CheckAsync(throttle, "alice", Attacker));

        _clock.Advance(TimeSpan.FromMinutes(1));
        await CheckAsync(throttle, "alice", Attacker);
        await FailAsync(throttle, "alice", Attacker, 1);
        refused = await Assert.ThrowsAsync<TooManyAttemptsException>(() => CheckAsync(throttle, "alice", Attacker));
        Assert.Equal(TimeSpan.FromMinutes(4), refused.RetryAfter);
    }

    private static Task CheckAsync(LoginThrottle throttle, string account, IPAddress address) =>
        throttle.CheckAsync(account, address, CancellationToken.None);

    private static async Task FailAsync(LoginThrottle throttle, string account, IPAddress address, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await throttle.AddFailureAsync(account, address, CancellationToken.None);
        }
    }
}
