using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

public sealed class EventWatchTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task A_watch_continues_at_a_restarted_tracker_and_misses_nothing()
    {
        var tracker = await StartAsync(port: 0);
        using var client = await ConnectAsync(tracker);
        await client.CreateGroupAsync("dev", CancellationToken.None);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var ready = new TaskCompletionSource();
        await using var events = client.WatchEventsAsync(["dev"], () => ready.TrySetResult(), stop.Token).GetAsyncEnumerator(stop.Token);
        var next = events.MoveNextAsync().AsTask();
        await ready.Task.WaitAsync(stop.Token);
        using var alice = await TestUser.LogInAsync(tracker, "alice");
        await alice.ShareAsync("dev", "1", TestUser.RandomHash());
        Assert.True(await next);
        Assert.Equal("1", events.Current.FileName);

        next = events.MoveNextAsync().AsTask();
        await tracker.DisposeAsync();
        await using var again = await StartAsync(tracker.Address.Port);
        using var back = await TestUser.LogInAsync(again, "alice");
        await back.ShareAsync("dev", "2", TestUser.RandomHash());

        Assert.True(await next);
        Assert.Equal((GroupEventKind.FileShared, "2"), (events.Current.Kind, events.Current.FileName));
    }

    [Fact]
    public async Task A_watch_ends_with_the_session()
    {
        await using var tracker = await StartAsync(port: 0);
        using var client = await ConnectAsync(tracker);
        var ready = new TaskCompletionSource();
        await using var events = client.WatchEventsAsync([], () => ready.TrySetResult(), CancellationToken.None).GetAsyncEnumerator();
        var next = events.MoveNextAsync().AsTask();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(20));
        using var elsewhere = NewClient(tracker);
        await elsewhere.LoginAsync("alice", TestPassword.Secure(), CancellationToken.None);

        await elsewhere.ChangePasswordAsync(TestPassword.Secure(), TestPassword.Secure("another secret"), CancellationToken.None);

        var over = await Assert.ThrowsAsync<P2PShareException>(() => next.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(ErrorCode.NotLoggedIn, over.Code);
    }

    [Fact]
    public async Task A_watch_of_a_missing_group_fails_at_once()
    {
        await using var tracker = await StartAsync(port: 0);
        using var client = await ConnectAsync(tracker);
        await using var events = client.WatchEventsAsync(["nowhere"], CancellationToken.None).GetAsyncEnumerator();

        var missing = await Assert.ThrowsAsync<P2PShareException>(() => events.MoveNextAsync().AsTask());

        Assert.Equal(ErrorCode.GroupNotFound, missing.Code);
    }

    private static TrackerSession NewClient(TestTracker tracker) => new([tracker.Address], new KnownTrackers(Path.GetRandomFileName()));

    private static async Task<TrackerSession> ConnectAsync(TestTracker tracker)
    {
        var client = NewClient(tracker);
        await client.CreateUserAsync("alice", TestPassword.Secure(), CancellationToken.None);
        await client.LoginAsync("alice", TestPassword.Secure(), CancellationToken.None);
        return client;
    }

    private Task<TestTracker> StartAsync(int port) => TestTracker.StartAsync(options =>
    {
        options.DataPath = _data.Path;
        options.Port = port;
    });
}
