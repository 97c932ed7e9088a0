using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>An instance whose machine has a wrong clock: the database's time decides what has expired.</summary>
public sealed class ClockSkewTests : IAsyncLifetime
{
    private readonly LogRecorder _log = new();
    private TestTracker _right = null!;

    public ClockSkewTests() => TestDatabase.Kind = DatabaseKind.Postgres;

    public async Task InitializeAsync() => _right = await TestTracker.StartAsync(clock: new DatabaseTime(TimeProvider.System));

    public async Task DisposeAsync() => await _right.DisposeAsync();

    [PostgresFact]
    public async Task An_instance_that_is_ten_minutes_ahead_removes_no_peer_of_another_and_is_not_ready()
    {
        using var alice = await TestUser.CreateAsync(_right, "alice");
        await alice.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        await alice.AnnounceAsync(("dev", root, Complete: true));

        await using var wrong = await TestTracker.StartBesideAsync(_right, clock: new DatabaseTime(new WrongClock(TimeSpan.FromMinutes(10))), log: _log);
        using var there = await TestUser.LogInAsync(wrong, "alice");

        var options = wrong.Services.GetRequiredService<PeerOptions>();
        var time = wrong.Services.GetRequiredService<TimeProvider>();
        Assert.InRange(time.GetUtcNow() - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5));
        Assert.Empty(await wrong.Database.ReadAsync(connection => PeerStore.FindExpiredAsync(connection, options.OnlineSince(time.GetUtcNow())), CancellationToken.None));
        Assert.Equal(1, await _right.CountAsync("peers"));
        Assert.Single(Assert.Single((await there.FindSourcesAsync("dev", root)).Contents).Peers);
        var problem = await there.ExpectProblem(HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerFailed, await there.GetAsync("/readyz"));
        Assert.Contains("clock is 600 seconds ahead of the database's", problem.Detail, StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => _log.Lines.Any(line => line.Text.Contains("seconds ahead of the database's", StringComparison.Ordinal)), "a warning is logged");
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync("/readyz"));
    }

    [PostgresFact]
    public async Task An_instance_that_is_ten_seconds_behind_is_ready_and_warns()
    {
        await using var behind = await TestTracker.StartBesideAsync(_right, clock: new DatabaseTime(new WrongClock(TimeSpan.FromSeconds(-10))), log: _log);
        using var stranger = TestUser.Stranger(behind);

        await stranger.Expect(HttpStatusCode.OK, await stranger.GetAsync("/readyz"));

        await Eventually.HoldsAsync(() => _log.Lines.Any(line => line.Text.Contains("seconds behind the database's", StringComparison.Ordinal)), "a warning is logged");
    }

    [PostgresFact]
    public async Task A_clock_that_is_set_right_between_two_measurements_moves_no_time()
    {
        var clock = new WrongClock(TimeSpan.FromMinutes(-10));
        var time = new DatabaseTime(clock);
        await using var behind = await TestTracker.StartBesideAsync(_right, clock: time);

        clock.Ahead = TimeSpan.Zero;

        Assert.InRange(time.GetUtcNow() - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5));
        Assert.InRange(time.Skew, TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5));
    }

    private sealed class WrongClock(TimeSpan ahead) : TimeProvider
    {
        public TimeSpan Ahead { get; set; } = ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
