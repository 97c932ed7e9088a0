using System.Net;
using System.Net.Sockets;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Which connections of other peers there is room for. A stranger takes no place for long: before hello a connection only counts
/// among those that have not said hello, of which the oldest makes room. A valid ticket takes a place in the total, of the address,
/// of its site and of the user. Safe for concurrent use.
/// </summary>
internal sealed class Admission(ConnectionLimits limits)
{
    /// <summary>Connections that have said hello, above which no more are kept.</summary>
    public const int MaxGreeted = 2048;

    /// <summary>Connections that have not said hello, above which the oldest makes room.</summary>
    public const int MaxUngreeted = 1024;

    /// <summary>How many times the limit of an address a site may have.</summary>
    public const int AddressesPerSite = 8;

    private readonly Lock _lock = new();
    private readonly LinkedList<Arrival> _ungreeted = new();
    private readonly Dictionary<IPAddress, Place> _addresses = [];
    private readonly Dictionary<IPAddress, Place> _sites = [];
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

        return GetNetwork(address, 8);
    }

    /// <summary>The site that an address is of: an IPv4 address is its own, and an IPv6 one is of its /56 network, which one home may have.</summary>
    /// <param name="address">As <see cref="GetLimitedAddress"/> returns it.</param>
    public static IPAddress GetSite(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? GetNetwork(address, 7) : address;

    /// <summary>Takes a connection that was just accepted; the oldest that has not said hello makes room if there is none.</summary>
    /// <param name="end">Ends the connection; called when it has to make room itself.</param>
    public Arrival Enter(IPAddress address, Action end)
    {
        var arrival = new Arrival(GetLimitedAddress(address), end);
        var evicted = new List<Arrival>();
        lock (_lock)
        {
            EvictIfFull(GetOrAdd(_addresses, arrival.Address), 1);
            EvictIfFull(GetOrAdd(_sites, arrival.Site), AddressesPerSite);
            if (_ungreeted.Count >= MaxUngreeted)
            {
                Evict(_ungreeted.First!.Value);
            }

            arrival.Ungreeted = _ungreeted.AddLast(arrival);
            arrival.UngreetedOfAddress = GetOrAdd(_addresses, arrival.Address).Ungreeted.AddLast(arrival);
            arrival.UngreetedOfSite = GetOrAdd(_sites, arrival.Site).Ungreeted.AddLast(arrival);
        }

        evicted.ForEach(one => one.End());
        return arrival;

        // When all places are taken by peers that have said hello, a few more may still do so: hello decides.
        void EvictIfFull(Place place, int addresses)
        {
            if (place.Ungreeted.Count >= addresses * Math.Max(_limits.HandshakesPerAddress, _limits.PerAddress - place.Greeted.Count / addresses))
            {
                Evict(place.Ungreeted.First!.Value);
            }
        }

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
        Arrival?[] evicted = [null, null, null];
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

            if (_greeted >= MaxGreeted
                || !_addresses[arrival.Address].HasRoom(_limits.PerAddress, fingerprint, out evicted[0])
                || !_sites[arrival.Site].HasRoom(AddressesPerSite * _limits.PerAddress, fingerprint, out evicted[1])
                || (_users.TryGetValue(user, out var ofUser) && !ofUser.HasRoom(_limits.PerUser, fingerprint, out evicted[2])))
            {
                return false;
            }

            // One may make room in several places.
            Array.ForEach(evicted, RemoveGreeted);
            RemoveUngreeted(arrival);
            (arrival.User, arrival.Fingerprint) = (user, fingerprint);
            _greeted++;
            GetOrAdd(_addresses, arrival.Address).Greeted.Add(arrival);
            GetOrAdd(_sites, arrival.Site).Greeted.Add(arrival);
            GetOrAdd(_users, user).Greeted.Add(arrival);
        }

        foreach (var one in evicted.Distinct())
        {
            one?.End();
        }

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

    private static IPAddress GetNetwork(IPAddress address, int bytes)
    {
        var all = address.GetAddressBytes();
        all.AsSpan(bytes).Clear();
        return new IPAddress(all);
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
            RemoveUngreeted(arrival);
            RemoveIfEmpty(_addresses, arrival.Address);
            RemoveIfEmpty(_sites, arrival.Site);
        }
        else
        {
            RemoveGreeted(arrival);
        }
    }

    private void RemoveUngreeted(Arrival arrival)
    {
        _ungreeted.Remove(arrival.Ungreeted!);
        _addresses[arrival.Address].Ungreeted.Remove(arrival.UngreetedOfAddress!);
        _sites[arrival.Site].Ungreeted.Remove(arrival.UngreetedOfSite!);
        (arrival.Ungreeted, arrival.UngreetedOfAddress, arrival.UngreetedOfSite) = (null, null, null);
    }

    private void RemoveGreeted(Arrival? arrival)
    {
        if (arrival?.User is { } user && _users.TryGetValue(user, out var ofUser) && ofUser.Greeted.Remove(arrival))
        {
            _greeted--;
            _addresses[arrival.Address].Greeted.Remove(arrival);
            _sites[arrival.Site].Greeted.Remove(arrival);
            RemoveIfEmpty(_addresses, arrival.Address);
            RemoveIfEmpty(_sites, arrival.Site);
            RemoveIfEmpty(_users, user);
        }
    }

    /// <summary>The connections of one address, of one site, or of one user.</summary>
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
