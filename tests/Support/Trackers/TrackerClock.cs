using Microsoft.Extensions.Time.Testing;

namespace P2PShare.Support;

/// <summary>
/// The clock of a tracker in a test: only the test moves it, and timers wait for that. Only pauses of a second or less,
/// by which the tracker paces its own work, pass by themselves.
/// </summary>
internal sealed class TrackerClock() : FakeTimeProvider(DateTimeOffset.UtcNow)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        dueTime >= TimeSpan.Zero && dueTime <= LongestPause && period == Timeout.InfiniteTimeSpan
            ? System.CreateTimer(callback, state, dueTime, period)
            : base.CreateTimer(callback, state, dueTime, period);
}
