namespace P2PShare.Protocol.Tracker;

/// <param name="GroupId">The group of the ticket and the contents.</param>
/// <param name="Ticket">A JWT for all of <paramref name="Contents"/>.</param>
/// <param name="TicketExpires">The ticket expires then; ask again before.</param>
/// <param name="Contents">Those of the requested contents that the group has.</param>
public sealed record SourcesResponse(Guid GroupId, string Ticket, DateTimeOffset TicketExpires, IReadOnlyList<ContentSources> Contents)
{
    public IReadOnlyList<ContentSources> Contents { get; init; } = NotNullItems.Check(Contents);
}
