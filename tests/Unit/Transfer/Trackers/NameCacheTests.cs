using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

public sealed class NameCacheTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(3);

    private readonly FakeTimeProvider _clock = new();
    private readonly NameCache<string, string> _cache;
    private int _asked;

    public NameCacheTests() => _cache = new NameCache<string, string>(_clock, Patience, MaxAge);

    [Fact]
    public async Task An_answer_is_kept_for_a_moment_and_then_asked_for_again()
    {
        Assert.Equal(["dev"], await GetAsync("dev"));
        _clock.Advance(MaxAge - TimeSpan.FromMilliseconds(1));
        Assert.Equal(["dev"], await GetAsync("design"));
        Assert.Equal(1, _asked);

        _clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(["design"], await GetAsync("design"));
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task Each_key_has_its_own_answer()
    {
        Assert.Equal(["dev"], await GetAsync("dev", key: "groups"));

        Assert.Equal(["bob"], await GetAsync("bob", key: "users"));
    }

    [Fact]
    public async Task After_a_clear_the_tracker_is_asked_again()
    {
        await GetAsync("dev");

        _cache.Clear();

        Assert.Equal(["design"], await GetAsync("design"));
    }

    [Fact]
    public async Task A_tracker_that_does_not_answer_is_waited_for_once()
    {
        var answer = new TaskCompletionSource<IReadOnlyList<string>>();
        var isAsked = new TaskCompletionSource();
        var isCancelled = new TaskCompletionSource();
        var first = _cache.GetAsync("key", timeout =>
        {
            timeout.Register(isCancelled.SetResult);
            isAsked.SetResult();
            return answer.Task;
        });
        await isAsked.Task;
        Assert.False(first.IsCompleted);

        // Meanwhile, and later, nothing is waited for.
        Assert.Empty(await GetAsync("never asked for"));
        _clock.Advance(Patience);

        Assert.Empty(await first);
        await isCancelled.Task;
        Assert.Empty(await GetAsync("never asked for"));
        Assert.Equal(0, _asked);
        _clock.Advance(MaxAge);
        Assert.Equal(["dev"], await GetAsync("dev"));
    }

    [Fact]
    public async Task A_tracker_that_fails_has_no_names()
    {
        Assert.Empty(await _cache.GetAsync("key", _ => throw new InvalidOperationException("No session.")));

        Assert.Empty(await GetAsync("never asked for"));
        _clock.Advance(MaxAge);
        Assert.Equal(["dev"], await GetAsync("dev"));
    }

    private Task<IReadOnlyList<string>> GetAsync(string name, string key = "key") => _cache.GetAsync(key, _ =>
    {
        _asked++;
        return Task.FromResult<IReadOnlyList<string>>([name]);
    });
}
