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
    private readonly List<Ticket> _tickets = [];

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
            _tickets.RemoveAll(other => isExpired(other)
                || (other.GroupId == ticket.GroupId && other.UserId == ticket.UserId && other.Expires <= ticket.Expires && other.PiecesRoots.All(roots.Contains)));
            if (_tickets.Count >= Max)
            {
                _tickets.Remove(_tickets.MinBy(other => other.Expires)!);
            }

            _tickets.Add(ticket);
        }
    }

    /// <summary>Whether one of them is still valid.</summary>
    public bool HasValid(Func<Ticket, bool> isRevoked)
    {
        lock (_lock)
        {
            return _tickets.Exists(ticket => !isExpired(ticket) && !isRevoked(ticket));
        }
    }

    /// <summary>The tickets of a group that cover a content, the one that expires last first; expired ones may be among them.</summary>
    public IReadOnlyList<Ticket> Find(Hash256 piecesRoot, Guid group)
    {
        lock (_lock)
        {
            return [.. _tickets.Where(ticket => ticket.GroupId == group && ticket.PiecesRoots.Contains(piecesRoot)).OrderByDescending(ticket => ticket.Expires)];
        }
    }
}
