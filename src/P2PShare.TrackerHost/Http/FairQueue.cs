using System.Diagnostics.CodeAnalysis;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// What waits for its turn, bounded. Keys, such as addresses, have their turns in a round, however much each of them has waiting (fair queuing, RFC 970). Preferred
/// items have a round of their own, whose turns come before those of the others, except one of <see cref="PreferredInARow"/>. When the queue is full, the newest item
/// of the key with the most in a round makes room: of the others for a preferred item, and in the same round for an item of a key with fewer. Each round keeps a key's
/// only item from the other one as long as it has no more than half of the queue. Not safe for concurrent use.
/// </summary>
/// <param name="capacity">Most items.</param>
/// <param name="capacityOfKey">Most items of one key.</param>
internal sealed class FairQueue<T>(int capacity, int capacityOfKey)
{
    /// <summary>How many preferred items follow each other before one of the others, if there is one, so that none waits for ever.</summary>
    public const int PreferredInARow = 4;

    private readonly Dictionary<string, Key> _keys = new(StringComparer.Ordinal);
    private readonly Round _preferred = new();
    private readonly Round _others = new();
    private long _nextNumber;
    private int _inARow;

    public int Count { get; private set; }

    /// <param name="displaced">The item that made room, if any; it is no longer in the queue.</param>
    /// <returns>The item's place; null if the queue, or the key's part of it, is full.</returns>
    public Place? TryEnqueue(string key, bool isPreferred, T item, out Place? displaced)
    {
        displaced = null;
        var own = _keys.GetValueOrDefault(key);
        if (own?.Count >= capacityOfKey)
        {
            return null;
        }

        if (Count >= capacity)
        {
            displaced = FindDisplaced(own, isPreferred);
            if (displaced is null)
            {
                return null;
            }

            Remove(displaced);
        }

        // After the removal, which may have been the last item of the key.
        if (!_keys.TryGetValue(key, out own))
        {
            _keys[key] = own = new Key(key, _nextNumber++);
        }

        var place = new Place(own, isPreferred ? _preferred : _others, item);
        place.Round.Add(place);
        own.Count++;
        Count++;
        return place;
    }

    /// <summary>Takes the item whose turn it is.</summary>
    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        item = default;
        if (Count == 0)
        {
            return false;
        }

        var takesPreferred = !_preferred.IsEmpty && (_others.IsEmpty || _inARow < PreferredInARow);
        _inARow = takesPreferred ? _inARow + 1 : 0;
        var place = (takesPreferred ? _preferred : _others).Next();
        Remove(place);
        item = place.Item;
        return true;
    }

    /// <summary>Takes an item out. Does nothing if it is not in the queue any more.</summary>
    public void Remove(Place place)
    {
        if (place.Node is null)
        {
            return;
        }

        place.Round.Remove(place);
        place.Key.Count--;
        Count--;
        if (place.Key.Count == 0)
        {
            _keys.Remove(place.Key.Name);
        }
    }

    /// <returns>The item that makes room for one of a key; null if none does.</returns>
    private Place? FindDisplaced(Key? own, bool isPreferred)
    {
        if (isPreferred)
        {
            return _others.NewestOfMost(_others.Count > capacity / 2 ? 0 : 1) ?? _preferred.NewestOfMost(_preferred.CountOf(own) + 1);
        }

        return _others.NewestOfMost(_others.CountOf(own) + 1)
            ?? (_preferred.Count > capacity / 2 ? _preferred.NewestOfMost((own?.Count ?? 0) + 1) : null);
    }

    /// <summary>An item in the queue.</summary>
    internal sealed class Place
    {
        internal Place(Key key, Round round, T item) => (Key, Round, Item) = (key, round, item);

        public T Item { get; }

        internal Key Key { get; }

        internal Round Round { get; }

        /// <summary>Where it is among the items of its key in its round; null if it is not in the queue any more.</summary>
        internal LinkedListNode<Place>? Node { get; set; }
    }

    internal sealed class Key(string name, long number)
    {
        public string Name => name;

        public long Number => number;

        /// <summary>Its items, of both rounds.</summary>
        public int Count { get; set; }
    }

    /// <summary>The keys that have something in it, each with a turn in a round.</summary>
    internal sealed class Round
    {
        private readonly Dictionary<Key, LinkedListNode<Lane>> _lanes = [];
        private readonly LinkedList<Lane> _turns = [];
        private readonly SortedSet<Lane> _byCount = new(Comparer<Lane>.Create((a, b) => (a.Places.Count, a.Key.Number).CompareTo((b.Places.Count, b.Key.Number))));

        public bool IsEmpty => _turns.Count == 0;

        public int Count { get; private set; }

        public int CountOf(Key? key) => key is not null && _lanes.TryGetValue(key, out var lane) ? lane.Value.Places.Count : 0;

        /// <returns>The newest item of the key with the most; null if no key has more than <paramref name="count"/>.</returns>
        public Place? NewestOfMost(int count) => _byCount.Max is { } most && most.Places.Count > count ? most.Places.Last!.Value : null;

        public void Add(Place place)
        {
            if (!_lanes.TryGetValue(place.Key, out var lane))
            {
                _lanes[place.Key] = lane = _turns.AddLast(new Lane(place.Key, []));
            }

            // It is sorted by the count, which changes.
            _byCount.Remove(lane.Value);
            place.Node = lane.Value.Places.AddLast(place);
            _byCount.Add(lane.Value);
            Count++;
        }

        /// <summary>The item whose turn it is; its key has its next turn after all others.</summary>
        public Place Next()
        {
            var first = _turns.First!;
            _turns.RemoveFirst();
            _turns.AddLast(first);
            return first.Value.Places.First!.Value;
        }

        public void Remove(Place place)
        {
            var lane = _lanes[place.Key];
            _byCount.Remove(lane.Value);
            lane.Value.Places.Remove(place.Node!);
            place.Node = null;
            Count--;
            if (lane.Value.Places.Count > 0)
            {
                _byCount.Add(lane.Value);
            }
            else
            {
                _lanes.Remove(place.Key);
                _turns.Remove(lane);
            }
        }

        private sealed record Lane(Key Key, LinkedList<Place> Places);
    }
}
