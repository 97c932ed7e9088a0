using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace P2PShare.Support;

/// <summary>A clock that stands still while somebody works, and goes on as soon as somebody pauses.</summary>
internal sealed class PauseClock : FakeTimeProvider
{
    /// <summary>Longer ones are time-outs, which only <see cref="FakeTimeProvider.Advance"/> lets pass.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    /// <summary>The pauses that were made, in their order.</summary>
    public ConcurrentQueue<TimeSpan> Pauses { get; } = [];

    /// <summary>Whether pauses pass at once; else they last until the clock is advanced.</summary>
    public bool Goes { get; init; } = true;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime >= TimeSpan.Zero && dueTime < LongestPause)
        {
            Pauses.Enqueue(dueTime);
            if (Goes)
            {
                // Not in here: whoever pauses has not got hold of the timer yet.
                ThreadPool.QueueUserWorkItem(_ => Advance(dueTime));
            }
        }

        return timer;
    }
}
