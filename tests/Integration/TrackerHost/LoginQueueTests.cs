using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Logins while others hash right passwords of their own account, from two addresses, as fast as they can.</summary>
public sealed class LoginQueueTests
{
    private const int FromEach = 30;

    private static readonly IPAddress[] Attackers = [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")];
    private static readonly IPAddress Home = IPAddress.Parse("127.0.0.4");
    private static readonly IPAddress New = IPAddress.Parse("127.0.0.5");

    [TrackerFact]
    public async Task A_login_is_among_the_next_that_are_served()
    {
        await using var tracker = await StartAsync();
        await CreateAsync(tracker, "mallory", Attackers[0]);
        await CreateAsync(tracker, "alice", Home);
        await LogInAsync(tracker, "alice", Home);
        var served = 0;
        var flood = Attackers.SelectMany(address => Enumerable.Range(0, FromEach).Select(async _ =>
        {
            await LogInAsync(tracker, "mallory", address);
            Interlocked.Increment(ref served);
        })).ToList();
        var workers = tracker.Services.GetRequiredService<PasswordWorkers>();
        await Eventually.HoldsAsync(() => workers.Waiting > FromEach, "the attackers wait");

        var known = await CountServedAsync("alice", Home);
        var stranger = await CountServedAsync("alice", New);

        // The one at work, and those of the turns before; a first come, first served queue would have served thirty.
        Assert.InRange(known, 0, 6);
        Assert.InRange(stranger, 0, 8);
        await Task.WhenAll(flood);

        async Task<int> CountServedAsync(string name, IPAddress from)
        {
            var before = Volatile.Read(ref served);
            Assert.True(workers.Waiting > 10, "The attackers have finished already.");
            await LogInAsync(tracker, name, from);
            return Volatile.Read(ref served) - before;
        }
    }

    [TrackerFact]
    public async Task Registrations_and_changes_of_a_password_have_their_turns_in_the_same_queue()
    {
        await using var tracker = await StartAsync();
        await CreateAsync(tracker, "mallory", Attackers[0]);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        var served = 0;
        var flood = Attackers.SelectMany(address => Enumerable.Range(0, FromEach).Select(async _ =>
        {
            await LogInAsync(tracker, "mallory", address);
            Interlocked.Increment(ref served);
        })).ToList();
        await Eventually.HoldsAsync(() => tracker.Services.GetRequiredService<PasswordWorkers>().Waiting > FromEach, "the attackers wait");

        await CreateAsync(tracker, "bob", New);
        var answer = await alice.PutAsync(TrackerRoutes.CurrentPassword, new ChangePasswordRequest(TestPassword.Text, "another password"));
        await alice.Expect(HttpStatusCode.OK, answer);

        Assert.InRange(Volatile.Read(ref served), 0, FromEach);
        await Task.WhenAll(flood);
    }

    [TrackerFact]
    public async Task Two_addresses_cannot_fill_the_queue_for_a_third()
    {
        await using var tracker = await StartAsync(queue: 8);
        await CreateAsync(tracker, "mallory", Attackers[0]);
        await CreateAsync(tracker, "alice", Home);
        var enough = false;
        var refused = 0;
        var flood = Attackers.SelectMany(address => Enumerable.Range(0, 10).Select(async _ =>
        {
            using var attacker = TestUser.Stranger(tracker.Address, address);
            while (!Volatile.Read(ref enough))
            {
                using var answer = await attacker.PostAsync(TrackerRoutes.Sessions, new LoginRequest("mallory", TestPassword.Text));
                if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    Assert.NotNull(answer.Headers.RetryAfter);
                    Interlocked.Increment(ref refused);
                }
            }
        })).ToList();
        await Eventually.HoldsAsync(() => Volatile.Read(ref refused) > 10, "the attackers are refused");

        for (var i = 0; i < 5; i++)
        {
            await LogInAsync(tracker, "alice", i % 2 == 0 ? Home : New);
        }

        Volatile.Write(ref enough, true);
        await Task.WhenAll(flood);
    }

    private static Task<TestTracker> StartAsync(int queue = 256) => TestTracker.StartAsync(options =>
    {
        (options.PasswordQueueLength, options.PasswordHashesAtOnce, options.PasswordIterations) = (queue, 1, 200_000);
        options.LoginsPerMinute = 1_000_000;
    });

    private static async Task CreateAsync(TestTracker tracker, string name, IPAddress from)
    {
        using var user = TestUser.Stranger(tracker.Address, from);
        await user.Expect(HttpStatusCode.Created, await user.PostAsync(TrackerRoutes.Users, new CreateUserRequest(name, TestPassword.Text)));
    }

    private static async Task LogInAsync(TestTracker tracker, string name, IPAddress from)
    {
        using var user = TestUser.Stranger(tracker.Address, from);
        await user.Expect(HttpStatusCode.Created, await user.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, TestPassword.Text)));
    }
}
