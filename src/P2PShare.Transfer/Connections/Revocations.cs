using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Connections;

/// <summary>The accesses that ended, as the tracker reported them. Safe for concurrent use.</summary>
internal sealed class Revocations(TimeProvider clock)
{
    // The longest that an operator can let a ticket last, with room for clocks.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1) + TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(Guid? Group, Guid? User, Guid? Session), (DateTimeOffset Until, long Number)> _until = [];
    private DateTimeOffset _clearedAt;
    private long _count;

    /// <summary>How many were added.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Keeps what the tracker reported.</summary>
    /// <returns>What was not known before.</returns>
    public IReadOnlyList<Revocation> Add(IReadOnlyList<Revocation> reported)
    {
        if (reported.Count == 0)
        {
            return [];
        }

        lock (_lock)
        {
            RemoveOld();
            var added = new List<Revocation>();
            foreach (var one in reported)
            {
                var key = (one.GroupId, one.UserId, one.SessionId);
                if (!_until.TryGetValue(key, out var known) || known.Until < one.TicketsUntil)
                {
                    _until[key] = (one.TicketsUntil, Interlocked.Increment(ref _count));
                    added.Add(one);
                }
            }

            return added;
        }
    }

    /// <summary>Whether a ticket was issued before the access that it gives ended.</summary>
    public bool IsRevoked(Ticket ticket) => IsEnded(ticket.GroupId, ticket.UserId, ticket.SessionId, known => ticket.Issued <= known.Until);

    /// <summary>Whether the access of a source's user ended after the tracker was asked for the source.</summary>
    public bool IsRevoked(Guid group, ListedSource source) => IsEnded(group, source.UserId, source.SessionId, known => known.Number > source.RevocationsKnown);

    private bool IsEnded(Guid group, Guid user, Guid session, Func<(DateTimeOffset Until, long Number), bool> ends)
    {
        lock (_lock)
        {
            return EndsBy((group, user, null)) || EndsBy((group, null, null)) || EndsBy((null, user, session)) || EndsBy((null, user, null));
        }

        bool EndsBy((Guid? Group, Guid? User, Guid? Session) key) => _until.TryGetValue(key, out var known) && ends(known);
    }

    private void RemoveOld()
    {
        var now = clock.GetUtcNow();
        if (now - _clearedAt < TimeSpan.FromMinutes(1))
        {
            return;
        }

        _clearedAt = now;
        foreach (var (key, _) in _until.Where(known => known.Value.Until < now - Memory).ToList())
        {
            _until.Remove(key);
        }
    }
}
