using System.Collections.Concurrent;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Connections;

/// <summary>The accesses that ended, as the tracker reported them. Safe for concurrent use.</summary>
internal sealed class Revocations(TimeProvider clock)
{
    // The longest that an operator can let a ticket last, with room for clocks.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1) + TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<(string Group, string User), DateTimeOffset> _until = new();

    /// <summary>Keeps what the tracker reported.</summary>
    /// <returns>What was not known before.</returns>
    public IReadOnlyList<Revocation> Add(IReadOnlyList<Revocation> reported)
    {
        if (reported.Count == 0)
        {
            return [];
        }

        var oldest = clock.GetUtcNow() - Memory;
        foreach (var old in _until.Where(known => known.Value < oldest))
        {
            _until.TryRemove(old);
        }

        var added = reported.Where(one => !_until.TryGetValue(Key(one.Group, one.UserName), out var until) || until < one.TicketsUntil).ToArray();
        foreach (var one in added)
        {
            _until[Key(one.Group, one.UserName)] = one.TicketsUntil;
        }

        return added;
    }

    /// <summary>Whether a ticket was issued before its holder's access ended.</summary>
    public bool IsRevoked(Ticket ticket) =>
        _until.TryGetValue(Key(ticket.Group, ticket.UserName), out var until) && ticket.Issued <= until;

    private static (string Group, string User) Key(string group, string user) => (AccountName.Key(group), AccountName.Key(user));
}
