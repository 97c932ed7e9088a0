using System.Diagnostics.CodeAnalysis;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// What waits for its turn, bounded. Keys, such as addresses, have their turns in a round, however much each of them has waiting (fair queuing, RFC 970). Preferred
/// items have a round of their own, whose turns come before those of the others, except one of <see cref="PreferredInARow"/>. When the queue is full, the newest item
/// of the key with the most makes room for one of a key with fewer. Not safe for concurrent use.
/// </summary>
/// <param name="capacity">Most items.</param>
/// <param name="capacityOfKey">Most items of one key.</param>
internal sealed class FairQueue<T>(int capacity, int capacityOfKey)
{
    /// <summary>How many preferred items follow each other before one of the others, if there is one, so that none waits for ever.</summary>
    public const int PreferredInARow = 4;

    private readonly Dictionary<string, Key> _keys = new(StringComparer.Ordinal);
    private readonly SortedSet<Key> _byCount = new(Comparer<Key>.Create((a, b) => (a.Count, a.Number).CompareTo((b.Count, b.Number))));
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
            var most = _byCount.Max;
            if (most is null || most.Count <= (own?.Count ?? 0) + 1)
            {
                return null;
            }

            displaced = most.Newest;
            Remove(displaced);
        }

        if (own is null)
        {
            _keys[key] = own = new Key(key, _nextNumber++);
        }

        var place = new Place(own, isPreferred ? _preferred : _others, item);
        ChangeCount(own, 1);
        place.Node = own.Places.AddLast(place);
        place.Round.Add(place);
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
        if (place.Node is not { } node)
        {
            return;
        }

        place.Node = null;
        place.Key.Places.Remove(node);
        place.Round.Remove(place);
        ChangeCount(place.Key, -1);
    }

    private void ChangeCount(Key key, int change)
    {
        _byCount.Remove(key);
        key.Count += change;
        Count += change;
        if (key.Count > 0)
        {
            _byCount.Add(key);
        }
        else
        {
            _keys.Remove(key.Name);
        }
    }

    /// <summary>An item in the queue.</summary>
    internal sealed class Place
    {
        internal Place(Key key, Round round, T item) => (Key, Round, Item) = (key, round, item);

        public T Item { get; }

        internal Key Key { get; }

        internal Round Round { get; }

        internal LinkedListNode<Place>? Node { get; set; }

        internal LinkedListNode<Place>? NodeInLane { get; set; }
    }

    internal sealed class Key(string name, long number)
    {
        public string Name => name;

        public long Number => number;

        public int Count { get; set; }

        /// <summary>In the order in which they came.</summary>
        public LinkedList<Place> Places { get; } = [];

        public Place Newest => Places.Last!.Value;
    }

    /// <summary>The keys that have something in it, each with a turn in a round.</summary>
    internal sealed class Round
    {
        private readonly Dictionary<Key, LinkedListNode<Lane>> _lanes = [];
        private readonly LinkedList<Lane> _turns = [];

        public bool IsEmpty => _turns.Count == 0;

        public void Add(Place place)
        {
            if (!_lanes.TryGetValue(place.Key, out var lane))
            {
                _lanes[place.Key] = lane = _turns.AddLast(new Lane(place.Key, []));
            }

            place.NodeInLane = lane.Value.Places.AddLast(place);
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
            lane.Value.Places.Remove(place.NodeInLane!);
            if (lane.Value.Places.Count == 0)
            {
                _lanes.Remove(place.Key);
                _turns.Remove(lane);
            }
        }

        private sealed record Lane(Key Key, LinkedList<Place> Places);
    }
}
