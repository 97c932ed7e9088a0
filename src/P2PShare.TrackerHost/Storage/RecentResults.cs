using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// What was read or checked recently, for all who ask for the same meanwhile. It has two generations, of which the older one is dropped when the newer one is full or
/// has its lifetime behind it.
/// </summary>
/// <param name="lifetime">A result is returned for less than twice as long.</param>
/// <param name="capacity">Greatest size of a generation; a larger value is not kept.</param>
internal sealed class RecentResults<TKey, TValue>(TimeSpan lifetime, long capacity, TimeProvider clock)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private volatile Generation _newer = new(clock.GetTimestamp());
    private volatile Generation _older = new(clock.GetTimestamp());

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        RenewIfOld();
        return _newer.Values.TryGetValue(key, out value) || _older.Values.TryGetValue(key, out value);
    }

    /// <param name="size">In the unit of the capacity.</param>
    public void Add(TKey key, TValue value, long size)
    {
        RenewIfOld();
        var newer = _newer;
        if (Interlocked.Add(ref newer.Size, size) > capacity)
        {
            Renew(newer);
        }
        else
        {
            newer.Values[key] = value;
        }
    }

    private void RenewIfOld()
    {
        var newer = _newer;
        if (clock.GetElapsedTime(newer.Begun) >= lifetime)
        {
            Renew(newer);
        }
    }

    private void Renew(Generation seen)
    {
        lock (_lock)
        {
            if (_newer == seen)
            {
                var now = clock.GetTimestamp();
                _older = clock.GetElapsedTime(seen.Begun, now) < 2 * lifetime ? seen : new Generation(now);
                _newer = new Generation(now);
            }
        }
    }

    private sealed class Generation(long begun)
    {
        public long Size;

        public long Begun => begun;

        public ConcurrentDictionary<TKey, TValue> Values { get; } = [];
    }
}
