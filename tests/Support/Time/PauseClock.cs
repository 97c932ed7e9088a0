using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace P2PShare.Support;

/// <summary>A clock that stands still, and advances by the length of each pause that is made.</summary>
internal sealed class PauseClock : FakeTimeProvider
{
    /// <summary>Longer waits are timeouts, which pass only by <see cref="FakeTimeProvider.Advance"/>.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    /// <summary>The pauses so far, in order.</summary>
    public ConcurrentQueue<TimeSpan> Pauses { get; } = [];

    /// <summary>The longer waits so far, in order.</summary>
    public ConcurrentQueue<TimeSpan> Timeouts { get; } = [];

    /// <summary>Whether pauses pass at once; else they last until the clock is advanced.</summary>
    public bool Goes { get; init; } = true;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime >= LongestPause)
        {
            Timeouts.Enqueue(dueTime);
        }
        else if (dueTime >= TimeSpan.Zero)
        {
            Pauses.Enqueue(dueTime);
            if (Goes)
            {
                // Not on this thread: the caller does not have the timer yet.
                ThreadPool.QueueUserWorkItem(_ => Advance(dueTime));
            }
        }

        return timer;
    }
}
