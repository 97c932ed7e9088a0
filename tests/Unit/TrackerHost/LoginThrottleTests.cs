using System.Net;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.Unit.TrackerHost;

public sealed class LoginThrottleTests
{
    private static readonly IPAddress Attacker = IPAddress.Parse("203.0.113.5");
    private static readonly IPAddress Owner = IPAddress.Parse("198.51.100.7");

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly TrackerOptions _options = new()
    {
        LoginFailuresPerAccount = 3,
        LoginFailuresPerAddress = 5,
        LoginFailureWindow = TimeSpan.FromMinutes(5),
    };

    [Fact]
    public async Task Who_guesses_is_told_to_come_back_later_and_then_may()
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
            await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", TestUser.Password)));
        await GuessAsync(HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, "bob");
        // Who is logged in stays so.
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.Groups));

        _clock.Advance(TimeSpan.FromMinutes(5));
        await alice.LogInAsync();

        async Task<HttpResponseMessage> GuessAsync(HttpStatusCode status, string code, string name)
        {
            var answer = await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, "a wrong guess"));
            await alice.ExpectProblem(status, code, answer);
            return answer;
        }
    }

    [Fact]
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

    [Fact]
    public async Task Right_passwords_never_count()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginFailuresPerAccount = 3);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        for (var i = 0; i < 10; i++)
        {
            await alice.LogInAsync();
        }
    }

    [Fact]
    public void Nobody_can_lock_the_owner_out_from_elsewhere()
    {
        var throttle = new LoginThrottle(_options, _clock);
        Fail(throttle, "alice", Attacker, 5);

        Assert.Throws<TooManyAttemptsException>(() => throttle.Check("alice", Attacker));
        throttle.Check("alice", Owner);
    }

    [Fact]
    public void An_address_that_tries_many_accounts_is_slowed_down_too()
    {
        var throttle = new LoginThrottle(_options, _clock);
        for (var i = 0; i < 5; i++)
        {
            throttle.Check($"user{i}", Attacker);
            throttle.AddFailure($"user{i}", Attacker);
        }

        Assert.Throws<TooManyAttemptsException>(() => throttle.Check("user6", Attacker));
    }

    [Fact]
    public void All_of_an_IPv6_network_counts_as_one_address()
    {
        var throttle = new LoginThrottle(_options, _clock);
        Fail(throttle, "alice", IPAddress.Parse("2001:db8:1:2::1"), 3);

        Assert.Throws<TooManyAttemptsException>(() => throttle.Check("alice", IPAddress.Parse("2001:db8:1:2:ffff::9")));
        throttle.Check("alice", IPAddress.Parse("2001:db8:1:3::1"));
    }

    [Fact]
    public void The_window_slides()
    {
        var throttle = new LoginThrottle(_options, _clock);
        Fail(throttle, "alice", Attacker, 1);
        _clock.Advance(TimeSpan.FromMinutes(4));
        Fail(throttle, "alice", Attacker, 2);

        var refused = Assert.Throws<TooManyAttemptsException>(() => throttle.Check("alice", Attacker));
        Assert.Equal(TimeSpan.FromMinutes(1), refused.RetryAfter);
        throttle.Forget();
        Assert.Throws<TooManyAttemptsException>(() => throttle.Check("alice", Attacker));

        _clock.Advance(TimeSpan.FromMinutes(1));
        throttle.Check("alice", Attacker);
        Fail(throttle, "alice", Attacker, 1);
        refused = Assert.Throws<TooManyAttemptsException>(() => throttle.Check("alice", Attacker));
        Assert.Equal(TimeSpan.FromMinutes(4), refused.RetryAfter);
    }

    private static void Fail(LoginThrottle throttle, string account, IPAddress address, int times)
    {
        for (var i = 0; i < times; i++)
        {
            throttle.AddFailure(account, address);
        }
    }
}
