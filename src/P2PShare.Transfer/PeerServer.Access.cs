using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer;

// Who may have what: tickets, and accesses that have ended since they were issued.
public sealed partial class PeerServer
{
    /// <summary>Whether the tracker has said that the holder's access ended after the ticket was issued.</summary>
    internal bool IsEnded(Ticket ticket) => _ended.IsEnded(ticket);

    internal async ValueTask<(Ticket? Ticket, string? Problem)> ValidateTicketAsync(string token, Hash256 certificateHash)
    {
        var (ticket, problem) = await _tickets.ValidateAsync(token, certificateHash).ConfigureAwait(false);
        return ticket is not null && IsEnded(ticket)
            ? (null, $"The access of '{ticket.UserName}' to '{ticket.Group}' has ended since.")
            : (ticket, problem);
    }

    private static async Task<TicketValidator> ReadTicketKeysAsync(TrackerSession tracker, TimeProvider clock, CancellationToken cancellationToken) =>
        new(tracker.TrackerId, await tracker.GetTicketKeysAsync(cancellationToken).ConfigureAwait(false), clock);

    bool IAnnounceHandler.OnRevoked(IReadOnlyList<Revocation> ended)
    {
        var added = _ended.Add(ended);
        if (added.Count == 0)
        {
            return false;
        }

        foreach (var connection in _connections.Keys)
        {
            connection.CloseUnentitled(Clock.GetUtcNow());
            connection.CloseOwn(added);
        }

        return added.Any(one => AccountName.Key(one.UserName) == AccountName.Key(Tracker.UserName));
    }
}
