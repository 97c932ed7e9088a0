namespace P2PShare.Protocol.Tracker;

/// <summary>Access that ended: a member left a group, was removed from it, or the group was deleted. Earlier tickets are no longer valid.</summary>
/// <param name="TicketsUntil">Tickets issued (<c>iat</c>) up to and including this second are not valid.</param>
public sealed record Revocation(string Group, string UserName, DateTimeOffset TicketsUntil);
