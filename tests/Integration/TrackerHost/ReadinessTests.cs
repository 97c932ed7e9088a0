using System.Net;
using System.Runtime.InteropServices;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.Integration.TrackerHost;

public sealed class ReadinessTests
{
    [TrackerTheory]
    [InlineData("DELETE FROM ticket_keys", "no key")]
    [InlineData("UPDATE schema_version SET version = version - 1000", "schema version")]
    public async Task A_database_that_was_changed_since_the_start_is_not_ready(string sql, string expected)
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);
        await tracker.ExecuteAsync(sql);

        var problem = await stranger.ExpectProblem(HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerFailed, await stranger.GetAsync("/readyz"));

        Assert.Contains(expected, problem.Detail, StringComparison.Ordinal);
    }

    [TrackerFact]
    public async Task A_database_that_can_be_read_but_not_written_is_not_ready()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);
        // What a full or read-only disk does, without one.
        await tracker.ExecuteAsync(TestDatabase.Kind == DatabaseKind.Sqlite
            ? "CREATE TRIGGER full BEFORE INSERT ON settings BEGIN SELECT RAISE(ABORT, 'full'); END"
            : """
              CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$;
              CREATE TRIGGER full_disk BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION refuse();
              """);

        await stranger.ExpectProblem(HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerFailed, await stranger.GetAsync("/readyz"));
        await stranger.Expect(HttpStatusCode.OK, await stranger.GetAsync("/healthz"));

        await tracker.ExecuteAsync(TestDatabase.Kind == DatabaseKind.Sqlite ? "DROP TRIGGER full" : "DROP TRIGGER full_disk ON settings");
        await stranger.Expect(HttpStatusCode.OK, await stranger.GetAsync("/readyz"));
    }

    [TrackerFact]
    public async Task A_series_of_500_is_not_ready_until_it_has_ended_for_a_while_though_reads_succeed()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(clock: clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await tracker.ExecuteAsync(TestDatabase.Kind == DatabaseKind.Sqlite
            ? "CREATE TRIGGER broken BEFORE INSERT ON all_groups BEGIN SELECT RAISE(ABORT, 'broken'); END"
            : """
              CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
              CREATE TRIGGER broken BEFORE INSERT ON all_groups FOR EACH ROW EXECUTE FUNCTION refuse();
              """);
        for (var i = 1; i < RecentFailures.Series; i++)
        {
            await FailAsync();
            await alice.Expect(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));
            await alice.Expect(HttpStatusCode.OK, await alice.GetAsync("/readyz"));
        }

        await FailAsync();

        var problem = await alice.ExpectProblem(HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerFailed, await alice.GetAsync("/readyz"));
        Assert.Contains("ended with 500", problem.Detail, StringComparison.Ordinal);
        clock.Advance(RecentFailures.Window);
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync("/readyz"));

        async Task FailAsync() => await alice.Expect(HttpStatusCode.InternalServerError, await alice.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("dev")));
    }

    [Fact]
    public async Task A_database_that_hangs_is_not_ready_after_a_bounded_time()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);
        await using var held = await HeldWrite.BeginAsync(tracker.Database, [], _ => Task.CompletedTask);

        var problem = await stranger.ExpectProblem(
            HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerFailed, await stranger.GetAsync("/readyz").WaitAsync(ReadinessCheck.Timeout * 3));

        Assert.Contains("did not answer within", problem.Detail, StringComparison.Ordinal);
        await held.ReleaseAsync();
        await stranger.Expect(HttpStatusCode.OK, await stranger.GetAsync("/readyz"));
    }

    [Fact]
    public async Task A_draining_tracker_is_not_ready_at_once_and_serves_until_the_balancers_have_left()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // No signals from one process to another there.
        }

        using var folder = new TemporaryFolder();
        await using var tracker = await TrackerProcess.StartAsync(folder.Path, "--Tracker:DrainTime=00:05:00");
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync("/readyz"));

        tracker.Signal(PosixSignal.SIGTERM);

        await Eventually.HoldsAsync(
            () => alice.GetAsync("/readyz").GetAwaiter().GetResult().StatusCode == HttpStatusCode.ServiceUnavailable, "it is not ready");
        // On a new connection, too.
        using var bob = await TestUser.CreateAsync(tracker.Address, "bob");
        await bob.CreateGroupAsync("dev");
        Assert.Equal("ok", await (await bob.GetAsync("/healthz")).Content.ReadAsStringAsync());

        // Who is in a hurry says so once more.
        var (code, _) = await tracker.SignalAsync(PosixSignal.SIGTERM);
        Assert.Equal(0, code);
    }
}
