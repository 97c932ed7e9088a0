using System.Net;
using System.Net.Sockets;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Which connections of other peers there is room for. A stranger takes no place for long: before hello a connection only counts
/// among those that have not said hello, of which the oldest makes room. A valid ticket takes a place in the total, of the address and
/// of the user. Safe for concurrent use.
/// </summary>
internal sealed class Admission(ConnectionLimits limits)
{
    /// <summary>Connections that have said hello, above which no more are kept.</summary>
    public const int MaxGreeted = 2048;

    /// <summary>Connections that have not said hello, above which the oldest makes room.</summary>
    public const int MaxUngreeted = 1024;

    private readonly Lock _lock = new();
    private readonly LinkedList<Arrival> _ungreeted = new();
    private readonly Dictionary<IPAddress, Place> _addresses = [];
    private readonly Dictionary<Guid, Place> _users = [];
    private volatile ConnectionLimits _limits = limits;
    private int _greeted;

    /// <summary>A change concerns connections that come afterwards.</summary>
    public ConnectionLimits Limits
    {
        get => _limits;
        set => _limits = value;
    }

    /// <summary>Connections that have not said hello.</summary>
    public int UngreetedCount
    {
        get
        {
            lock (_lock)
            {
                return _ungreeted.Count;
            }
        }
    }

    /// <summary>Connections that have said hello.</summary>
    public int GreetedCount
    {
        get
        {
            lock (_lock)
            {
                return _greeted;
            }
        }
    }

    /// <summary>What limits for an address count as one: an IPv4 address, or the /64 network that an IPv6 host chooses addresses from.</summary>
    public static IPAddress GetLimitedAddress(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Takes a connection that was just accepted; the oldest that has not said hello makes room if there is none.</summary>
    /// <param name="end">Ends the connection; called when it has to make room itself.</param>
    public Arrival Enter(IPAddress address, Action end)
    {
        var arrival = new Arrival(GetLimitedAddress(address), end);
        var evicted = new List<Arrival>();
        lock (_lock)
        {
            var place = GetOrAdd(_addresses, arrival.Address);
            // Where all places are taken by peers that have said hello, a few more may still do so: hello decides.
            if (place.Ungreeted.Count >= Math.Max(_limits.HandshakesPerAddress, _limits.PerAddress - place.Greeted.Count))
            {
                Evict(place.Ungreeted.First!.Value);
            }

            if (_ungreeted.Count >= MaxUngreeted)
            {
                Evict(_ungreeted.First!.Value);
            }

            arrival.Ungreeted = _ungreeted.AddLast(arrival);
            arrival.UngreetedOfAddress = GetOrAdd(_addresses, arrival.Address).Ungreeted.AddLast(arrival);
        }

        evicted.ForEach(one => one.End());
        return arrival;

        void Evict(Arrival one)
        {
            Remove(one);
            evicted.Add(one);
        }
    }

    /// <summary>Ends the oldest connection that has not said hello, because the system has no room for another one.</summary>
    public void EvictOldest()
    {
        Arrival? oldest;
        lock (_lock)
        {
            oldest = _ungreeted.First?.Value;
            if (oldest is not null)
            {
                Remove(oldest);
            }
        }

        oldest?.End();
    }

    /// <summary>Gives a connection whose ticket is valid its place. A further connection of another peer makes room for a first one.</summary>
    /// <returns>False if there is no room.</returns>
    public bool TryGreet(Arrival arrival, Guid user, Hash256 fingerprint)
    {
        Arrival? first = null;
        Arrival? second = null;
        lock (_lock)
        {
            if (arrival.User is not null)
            {
                return true;
            }

            // It made room for another one a moment ago.
            if (arrival.Ungreeted is null)
            {
                return false;
            }

            var ofAddress = GetOrAdd(_addresses, arrival.Address);
            var ofUser = _users.GetValueOrDefault(user);
            if (_greeted >= MaxGreeted
                || !ofAddress.HasRoom(_limits.PerAddress, fingerprint, out first)
                || (ofUser is not null && !ofUser.HasRoom(_limits.PerUser, fingerprint, out second)))
            {
                return false;
            }

            RemoveGreeted(first);
            RemoveGreeted(second == first ? null : second);
            RemoveUngreeted(arrival, ofAddress);
            (arrival.User, arrival.Fingerprint) = (user, fingerprint);
            _greeted++;
            GetOrAdd(_addresses, arrival.Address).Greeted.Add(arrival);
            GetOrAdd(_users, user).Greeted.Add(arrival);
        }

        first?.End();
        second?.End();
        return true;
    }

    /// <summary>Gives up the place of a connection that has ended. Does nothing if it has none any more.</summary>
    public void Leave(Arrival arrival)
    {
        lock (_lock)
        {
            Remove(arrival);
        }
    }

    private static Place GetOrAdd<TKey>(Dictionary<TKey, Place> places, TKey key)
        where TKey : notnull
    {
        if (!places.TryGetValue(key, out var place))
        {
            places[key] = place = new Place();
        }

        return place;
    }

    private static void RemoveIfEmpty<TKey>(Dictionary<TKey, Place> places, TKey key)
        where TKey : notnull
    {
        if (places.TryGetValue(key, out var place) && place.Greeted.Count == 0 && place.Ungreeted.Count == 0)
        {
            places.Remove(key);
        }
    }

    private void Remove(Arrival arrival)
    {
        if (arrival.Ungreeted is not null)
        {
            RemoveUngreeted(arrival, _addresses[arrival.Address]);
            RemoveIfEmpty(_addresses, arrival.Address);
        }
        else
        {
            RemoveGreeted(arrival);
        }
    }

    private void RemoveUngreeted(Arrival arrival, Place ofAddress)
    {
        _ungreeted.Remove(arrival.Ungreeted!);
        ofAddress.Ungreeted.Remove(arrival.UngreetedOfAddress!);
        (arrival.Ungreeted, arrival.UngreetedOfAddress) = (null, null);
    }

    private void RemoveGreeted(Arrival? arrival)
    {
        if (arrival?.User is { } user && _users.TryGetValue(user, out var ofUser) && ofUser.Greeted.Remove(arrival))
        {
            _greeted--;
            _addresses[arrival.Address].Greeted.Remove(arrival);
            RemoveIfEmpty(_addresses, arrival.Address);
            RemoveIfEmpty(_users, user);
        }
    }

    /// <summary>The connections of one address, or of one user.</summary>
    private sealed class Place
    {
        /// <summary>The oldest first; not counted for a user, who is not known before hello.</summary>
        public LinkedList<Arrival> Ungreeted { get; } = new();

        public List<Arrival> Greeted { get; } = [];

        /// <param name="evicted">A further connection of a peer that makes room, because a peer needs only one.</param>
        public bool HasRoom(int max, Hash256 fingerprint, out Arrival? evicted)
        {
            evicted = null;
            if (Greeted.Count < max)
            {
                return true;
            }

            evicted = Greeted.Exists(other => other.Fingerprint == fingerprint)
                ? null
                : Greeted.GroupBy(other => other.Fingerprint).MaxBy(peer => peer.Count()) is { } peer && peer.Count() > 1 ? peer.Last() : null;
            return evicted is not null;
        }
    }
}
