using System.Runtime.InteropServices;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// What a peer has to announce, and when: all of its holdings at first and whenever the tracker has lost them, then only
/// changes, and a heartbeat once an interval. Does no I/O. Not safe for concurrent use.
/// </summary>
/// <param name="random">Spreads the announces of peers that started together, or came from a lost tracker together.</param>
internal sealed class AnnounceState(TimeProvider clock, Random random)
{
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMinutes(1);

    // What a tracker names is bounded: a peer announces neither in a loop nor never.
    private const int MinSeconds = 1;
    private const int MaxIntervalSeconds = 3600;
    private const int MaxNextSeconds = 2 * MaxIntervalSeconds;

    // Fraction of the tracker's interval: the shortest time between two heartbeats if the tracker names none.
    private const double ShortestInterval = 0.8;

    // Each of ten thousand small files is a change: changes within this time of the last announce wait for the next one,
    // unless a caller waits for it.
    private static readonly TimeSpan CoalescingTime = TimeSpan.FromMilliseconds(100);

    private readonly long _origin = clock.GetTimestamp();
    private readonly RetryDelay _retryDelay = new(FirstRetryDelay, MaxRetryDelay, random);
    private readonly Dictionary<(Guid Group, Hash256 Root), (bool IsComplete, long Version)> _held = [];
    private readonly Dictionary<(Guid Group, Hash256 Root), bool?> _changes = [];
    private long _version;
    private bool _isKnown;
    private bool _isSending;
    private bool _isUrgent;
    private TimeSpan _interval = TimeSpan.FromSeconds(30);
    private TimeSpan? _next;
    private TimeSpan _began = -CoalescingTime;
    private TimeSpan _heartbeatAt;
    private TimeSpan? _movedAt;
    private TimeSpan? _retryAt;

    /// <summary>Whether the tracker lacks something.</summary>
    public bool HasPending => !_isKnown || _changes.Count > 0;

    /// <summary>Whether the tracker knows all holdings, and no announce is on its way.</summary>
    public bool IsUpToDate => !HasPending && !_isSending;

    /// <summary>The last revocation that the tracker has told of.</summary>
    public long RevocationsAfter { get; private set; }

    private TimeSpan Now => clock.GetElapsedTime(_origin);

    /// <summary>Adds a holding, or changes whether it is complete.</summary>
    /// <returns>Whether this is the first change since the last announce, so that the next one is due earlier.</returns>
    public bool Hold(Guid group, Hash256 root, bool isComplete)
    {
        var isSame = _held.TryGetValue((group, root), out var before) && before.IsComplete == isComplete;
        _held[(group, root)] = (isComplete, ++_version);
        return !isSame && AddChange((group, root), isComplete);
    }

    /// <summary>Removes a holding.</summary>
    /// <returns>As <see cref="Hold"/>.</returns>
    public bool Withdraw(Guid group, Hash256 root) => _held.Remove((group, root)) && AddChange((group, root), null);

    /// <summary>A caller waits until all changes are announced: they are not coalesced.</summary>
    /// <returns>Whether the next announce is due earlier.</returns>
    public bool Expedite()
    {
        var wasUrgent = _isUrgent;
        _isUrgent = true;
        return !wasUrgent;
    }

    /// <summary>Another tracker answers now: it is announced to within an interval, at a random time, because all peers of a tracker lose it together.</summary>
    public void TrackerMoved()
    {
        var at = Now + _interval * random.NextDouble();
        _movedAt = _movedAt < at ? _movedAt : at;
    }

    /// <summary>How long until the next announce is due; 0 if it is due now.</summary>
    public TimeSpan TimeUntilDue()
    {
        var now = Now;
        var due = _heartbeatAt;
        if (_retryAt is { } retryAt)
        {
            due = retryAt;
        }
        else
        {
            due = _movedAt < due ? _movedAt.Value : due;
            var changesAt = _isUrgent ? now : _began + CoalescingTime;
            due = HasPending && changesAt < due ? changesAt : due;
        }

        return due > now ? due - now : TimeSpan.Zero;
    }

    /// <summary>An announce begins; it is one batch or several.</summary>
    public void Begin() => _isSending = true;

    /// <summary>The next batch: everything if the tracker has to be told all, else the changes; at most <see cref="AnnounceRequest.MaxHoldings"/>.</summary>
    public AnnounceBatch TakeBatch()
    {
        _began = Now;
        _movedAt = null;
        var isFull = !_isKnown;
        if (isFull)
        {
            // What does not fit into the first batch follows as changes.
            _changes.Clear();
            foreach (var key in SortHeld())
            {
                _changes[key] = _held[key].IsComplete;
            }
        }

        return new AnnounceBatch(isFull, _version, [.. _changes.Take(AnnounceRequest.MaxHoldings)]);
    }

    /// <summary>A batch that changes nothing.</summary>
    public AnnounceBatch TakeNothing() => new(IsFull: false, _version, []);

    /// <summary>The tracker answered.</summary>
    /// <param name="isOwnRevoked">Whether this user's own access was revoked, and the tracker lost the holdings with it.</param>
    /// <returns>The holdings that were rejected, without those that were added again after the batch was made: a late answer is not about them.</returns>
    public IReadOnlyList<Announcement> Accept(AnnounceBatch batch, AnnounceResponse response, bool isOwnRevoked)
    {
        _interval = TimeSpan.FromSeconds(Math.Clamp(response.IntervalSeconds, MinSeconds, MaxIntervalSeconds));
        _next = response.NextAnnounceSeconds is { } next ? TimeSpan.FromSeconds(Math.Clamp(next, MinSeconds, MaxNextSeconds)) : null;
        _isKnown = (response.Known || batch.IsFull) && !isOwnRevoked;
        RevocationsAfter = response.RevocationsAfter;
        foreach (var (key, isComplete) in batch.Changes)
        {
            // A holding that changed again meanwhile stays to be announced.
            if (_changes.TryGetValue(key, out var now) && now == isComplete)
            {
                _changes.Remove(key);
            }
        }

        if (_changes.Count == 0 && _changes.Capacity > AnnounceRequest.MaxHoldings)
        {
            // It had all holdings, and seldom has them again.
            _changes.TrimExcess();
        }

        var rejected = new List<Announcement>();
        foreach (var holding in response.Rejected)
        {
            var key = (holding.GroupId, holding.PiecesRoot);
            if (!_held.TryGetValue(key, out var held) || held.Version <= batch.Version)
            {
                _held.Remove(key);
                rejected.Add(holding);
            }
            else
            {
                AddChange(key, held.IsComplete);
            }
        }

        return rejected;
    }

    /// <summary>All batches were accepted.</summary>
    public void End()
    {
        _isSending = false;
        _isUrgent = false;
        _retryAt = null;
        _retryDelay.Reset();
        _heartbeatAt = Now + (_next ?? _interval * (ShortestInterval + (1 - ShortestInterval) * random.NextDouble()));
    }

    /// <summary>A batch could not be sent, or its response was lost: whatever the tracker knows, it is told all again.</summary>
    public void Fail()
    {
        _isKnown = false;
        _isSending = false;
    }

    /// <summary>Postpones the next announce after a failure.</summary>
    /// <param name="retryAfter">The time that the tracker named; 0 if it named none.</param>
    /// <returns>Whether this is the first failure since the last success.</returns>
    public bool Postpone(TimeSpan retryAfter)
    {
        var isFirst = _retryDelay.IsFresh;
        _retryAt = Now + _retryDelay.Next(retryAfter);
        return isFirst;
    }

    // In the order of the tracker's indexes: a batch of many touches few of their pages, where in any other order each of it touches another.
    private (Guid Group, Hash256 Root)[] SortHeld()
    {
        (Guid, Hash256)[] keys = [.. _held.Keys];
        Array.Sort(keys, Compare);
        return keys;
    }

    private static int Compare((Guid Group, Hash256 Root) left, (Guid Group, Hash256 Root) right) =>
        left.Group.CompareTo(right.Group) is var groups and not 0 ? groups
        : MemoryMarshal.AsBytes(new ReadOnlySpan<Hash256>(in left.Root)).SequenceCompareTo(MemoryMarshal.AsBytes(new ReadOnlySpan<Hash256>(in right.Root)));

    private bool AddChange((Guid Group, Hash256 Root) key, bool? isComplete)
    {
        var isFirst = !HasPending;
        _changes[key] = isComplete;
        return isFirst;
    }
}
