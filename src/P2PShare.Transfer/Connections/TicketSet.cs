using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// The valid tickets that the other side of a connection has shown, so that it can open channels with them. An open channel keeps its
/// own ticket. Safe for concurrent use.
/// </summary>
/// <param name="isExpired">Whether a ticket has expired since.</param>
internal sealed class TicketSet(Func<Ticket, bool> isExpired)
{
    /// <summary>Most tickets that are kept; the one that expires first makes room.</summary>
    public const int Max = 16;

    private readonly Lock _lock = new();
    private readonly List<(Ticket Ticket, HashSet<Hash256> Roots)> _tickets = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _tickets.Count;
            }
        }
    }

    /// <summary>Keeps a ticket, in place of those that it supersedes and those that have expired.</summary>
    public void Add(Ticket ticket)
    {
        lock (_lock)
        {
            var roots = ticket.PiecesRoots.ToHashSet();
            _tickets.RemoveAll(kept => kept.Ticket is var other && (isExpired(other)
                || (other.GroupId == ticket.GroupId && other.UserId == ticket.UserId && other.Expires <= ticket.Expires && kept.Roots.IsSubsetOf(roots))));
            if (_tickets.Count >= Max)
            {
                _tickets.Remove(_tickets.MinBy(kept => kept.Ticket.Expires));
            }

            _tickets.Add((ticket, roots));
        }
    }

    /// <summary>Whether one of them is still valid.</summary>
    public bool HasValid(Func<Ticket, bool> isRevoked)
    {
        lock (_lock)
        {
            return _tickets.Exists(kept => !isExpired(kept.Ticket) && !isRevoked(kept.Ticket));
        }
    }

    /// <summary>The tickets of a group that cover a content, the one that expires last first; expired ones may be among them.</summary>
    public IReadOnlyList<Ticket> Find(Hash256 piecesRoot, Guid group)
    {
        lock (_lock)
        {
            return [.. _tickets.Where(kept => kept.Ticket.GroupId == group && kept.Roots.Contains(piecesRoot))
                .Select(kept => kept.Ticket).OrderByDescending(ticket => ticket.Expires)];
        }
    }
}
