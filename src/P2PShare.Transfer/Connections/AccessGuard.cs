using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Decides which tickets open contents: those that the tracker signed, that have not expired, and whose holder's access was not
/// revoked since. Safe for concurrent use.
/// </summary>
internal sealed class AccessGuard(TicketChecker tickets, Revocations revocations, TimeProvider clock)
{
    /// <summary>Reads the tracker's keys.</summary>
    /// <param name="stopping">Cancels reading them again.</param>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    public static async Task<AccessGuard> CreateAsync(
        TrackerSession tracker, TimeProvider clock, CancellationToken cancellationToken, CancellationToken stopping)
    {
        var validator = await ReadKeysAsync(cancellationToken).ConfigureAwait(false);
        return new AccessGuard(new TicketChecker(validator, () => ReadKeysAsync(stopping), clock), new Revocations(clock), clock);

        async Task<TicketValidator> ReadKeysAsync(CancellationToken cancelled) =>
            new(tracker.TrackerId, await tracker.GetTicketKeysAsync(cancelled).ConfigureAwait(false), clock);
    }

    /// <returns>The ticket, or why it is not valid.</returns>
    public async ValueTask<(Ticket? Ticket, string? Problem)> ValidateAsync(string token, Hash256 certificateHash)
    {
        var (ticket, problem) = await tickets.ValidateAsync(token, certificateHash).ConfigureAwait(false);
        return ticket is not null && IsRevoked(ticket)
            ? (null, $"The access of '{ticket.UserName}' to '{ticket.GroupName}' has ended since.")
            : (ticket, problem);
    }

    /// <summary>Finds the ticket by which the other side of a connection may have a content of a group: of those that it has shown, the one that expires last.</summary>
    /// <returns>Why it may not; null if it may.</returns>
    public CloseReason? FindRefusal(TicketSet shown, Hash256 piecesRoot, Guid group, out Ticket? ticket)
    {
        ticket = shown.Find(piecesRoot, group).FirstOrDefault(one => !IsRevoked(one));
        return ticket is null ? CloseReason.TicketRefused : FindRefusal(ticket);
    }

    /// <summary>Why a ticket that was valid is not valid any more; null if it is.</summary>
    public CloseReason? FindRefusal(Ticket ticket) =>
        IsRevoked(ticket) ? CloseReason.TicketRefused : IsExpired(ticket) ? CloseReason.TicketExpired : null;

    /// <summary>Whether the tracker has reported that the holder's access ended after the ticket was issued.</summary>
    public bool IsRevoked(Ticket ticket) => revocations.IsRevoked(ticket);

    /// <inheritdoc cref="Revocations.IsRevoked(Guid, ListedSource)"/>
    public bool IsRevoked(Guid group, ListedSource source) => revocations.IsRevoked(group, source);

    public bool IsExpired(Ticket ticket) => IsExpired(ticket.Expires);

    /// <summary>Whether what a look-up said has expired, because no later one said it again.</summary>
    public bool IsExpired(ListedSource source) => IsExpired(source.Expires);

    /// <inheritdoc cref="Revocations.Count"/>
    public long RevocationsKnown => revocations.Count;

    /// <summary>Keeps what the tracker reported.</summary>
    /// <returns>What was not known before.</returns>
    public IReadOnlyList<Revocation> Add(IReadOnlyList<Revocation> reported) => revocations.Add(reported);

    private bool IsExpired(DateTimeOffset expires) => expires < clock.GetUtcNow() - TicketValidator.ClockSkew;
}
