using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Http;

namespace P2PShare.Integration.TrackerHost;

public sealed class RateLimitTests
{
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.2");

    [TrackerFact]
    public async Task Logins_beyond_the_limit_of_an_address_get_a_time_to_retry_and_others_log_in()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginsPerMinute = 3);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var attacker = TestUser.Stranger(tracker.Address, Elsewhere);
        for (var i = 0; i < 3; i++)
        {
            await attacker.Expect(HttpStatusCode.Unauthorized, await GuessAsync(attacker));
        }

        var refused = await GuessAsync(attacker);

        await attacker.ExpectProblem(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, refused);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        await alice.LogInAsync();
    }

    [TrackerFact]
    public async Task Guessing_from_elsewhere_locks_no_user_out()
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.LoginFailuresPerAccount, options.LoginFailuresPerAddress) = (3, 5));
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var attacker = TestUser.Stranger(tracker.Address, Elsewhere);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 10; i++)
        {
            answers.Add((await GuessAsync(attacker)).StatusCode);
        }

        Assert.Equal(3, answers.Count(status => status == HttpStatusCode.Unauthorized));
        Assert.Equal(7, answers.Count(status => status == HttpStatusCode.TooManyRequests));
        await alice.LogInAsync();
        await alice.Expect(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));
    }

    [TrackerFact]
    public async Task One_address_cannot_fill_the_queue_of_passwords()
    {
        await using var tracker = await TestTracker.StartAsync(options =>
        {
            (options.PasswordQueueLength, options.PasswordHashesAtOnce, options.PasswordIterations) = (4, 1, 100_000);
            options.LoginFailuresPerAccount = options.LoginFailuresPerAddress = options.LoginsPerMinute = 1_000_000;
        });
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var attacker = TestUser.Stranger(tracker.Address, Elsewhere);
        var enough = false;
        var refused = 0;
        var flood = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!Volatile.Read(ref enough))
            {
                using var answer = await GuessAsync(attacker);
                Interlocked.Add(ref refused, answer.StatusCode == HttpStatusCode.TooManyRequests ? 1 : 0);
            }
        }).ToList();
        await Eventually.HoldsAsync(() => Volatile.Read(ref refused) > 0, "the attacker is refused");

        for (var i = 0; i < 5; i++)
        {
            await alice.LogInAsync();
        }

        Volatile.Write(ref enough, true);
        await Task.WhenAll(flood);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(59)]
    [InlineData(100)]
    [InlineData(119)]
    [InlineData(6000)]
    [InlineData(10_000_000)]
    public void As_many_come_back_in_a_minute_as_are_allowed(int perMinute)
    {
        var options = RateLimits.PerMinute(perMinute);

        Assert.Equal(perMinute, options.TokenLimit);
        Assert.Equal(perMinute, options.TokensPerPeriod * TimeSpan.FromMinutes(1) / options.ReplenishmentPeriod, perMinute * 0.0001);
    }

    [TrackerFact]
    public async Task Accounts_are_made_at_a_pace_for_each_address()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.NewUsersPerMinute = 2);
        using var here = TestUser.Stranger(tracker);
        using var there = TestUser.Stranger(tracker.Address, Elsewhere);

        await here.Expect(HttpStatusCode.Created, await CreateAsync(here, "one"));
        await here.Expect(HttpStatusCode.Created, await CreateAsync(here, "two"));
        await here.ExpectProblem(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, await CreateAsync(here, "three"));
        await there.Expect(HttpStatusCode.Created, await CreateAsync(there, "three"));

        static Task<HttpResponseMessage> CreateAsync(TestUser who, string name) =>
            who.PostAsync(TrackerRoutes.Users, new CreateUserRequest(name, TestPassword.Text));
    }

    [TrackerFact]
    public async Task A_user_over_the_limit_slows_no_other_user_down_whatever_session_or_address()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.RequestsPerMinute = 25);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var same = await TestUser.LogInAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        for (var i = 0; i < 5; i++)
        {
            await alice.Expect(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));
        }

        await same.ExpectProblem(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, await same.GetPageAsync(TrackerRoutes.Groups));
        await bob.Expect(HttpStatusCode.OK, await bob.GetPageAsync(TrackerRoutes.Groups));
        // Of other kinds there is some left.
        await alice.AnnounceAsync();
        await alice.LogInAsync();
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync("/healthz"));
    }

    [TrackerFact]
    public async Task Announces_have_a_limit_of_their_own()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.AnnouncesPerMinute = 2);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.AnnounceAsync();
        await alice.AnnounceAsync();

        var refused = await alice.PostAsync(TrackerRoutes.Peers, alice.Prove(new AnnounceRequest(alice.Fingerprint, 1, [], Full: true, [], [], RevocationsAfter: 0)));

        await alice.ExpectProblem(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, refused);
        Assert.NotNull(refused.Headers.RetryAfter);
        await alice.Expect(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));
    }

    [TrackerFact]
    public async Task Requests_without_a_session_count_by_address()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.RequestsPerMinute = 5);
        using var here = TestUser.Stranger(tracker);
        using var there = TestUser.Stranger(tracker.Address, Elsewhere);
        here.UseToken(new string('A', 43));
        for (var i = 0; i < 5; i++)
        {
            await here.Expect(HttpStatusCode.Unauthorized, await here.GetPageAsync(TrackerRoutes.Groups));
        }

        await here.Expect(HttpStatusCode.TooManyRequests, await here.GetPageAsync(TrackerRoutes.Groups));
        await here.Expect(HttpStatusCode.TooManyRequests, await here.GetAsync(TrackerRoutes.TicketKeys));
        await there.Expect(HttpStatusCode.OK, await there.GetAsync(TrackerRoutes.TicketKeys));
    }

    private static Task<HttpResponseMessage> GuessAsync(TestUser who) =>
        who.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", "wrong password"));
}
