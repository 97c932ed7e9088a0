using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Connections;

/// <summary>The accesses that ended, as the tracker reported them. Safe for concurrent use.</summary>
internal sealed class Revocations(TimeProvider clock)
{
    // The longest that an operator can let a ticket last, with room for clocks.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1) + TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(Guid? Group, Guid? User, Guid? Session), DateTimeOffset> _until = [];
    private DateTimeOffset _clearedAt;

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
                if (!_until.TryGetValue(key, out var until) || until < one.TicketsUntil)
                {
                    _until[key] = one.TicketsUntil;
                    added.Add(one);
                }
            }

            return added;
        }
    }

    /// <summary>Whether a ticket was issued before the access that it gives ended.</summary>
    public bool IsRevoked(Ticket ticket)
    {
        lock (_lock)
        {
            return EndsBy(ticket, (ticket.GroupId, ticket.UserId, null))
                || EndsBy(ticket, (ticket.GroupId, null, null))
                || EndsBy(ticket, (null, ticket.UserId, ticket.SessionId))
                || EndsBy(ticket, (null, ticket.UserId, null));
        }
    }

    private bool EndsBy(Ticket ticket, (Guid? Group, Guid? User, Guid? Session) key) =>
        _until.TryGetValue(key, out var until) && ticket.Issued <= until;

    private void RemoveOld()
    {
        var now = clock.GetUtcNow();
        if (now - _clearedAt < TimeSpan.FromMinutes(1))
        {
            return;
        }

        _clearedAt = now;
        foreach (var (key, _) in _until.Where(known => known.Value < now - Memory).ToList())
        {
            _until.Remove(key);
        }
    }
}
