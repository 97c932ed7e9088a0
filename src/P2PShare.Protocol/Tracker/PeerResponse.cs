namespace P2PShare.Protocol.Tracker;

/// <summary>A peer that is online and offers something in a group.</summary>
/// <param name="EndPoints">Addresses to dial, <c>address:port</c>; empty for a peer that accepts no connections.</param>
/// <param name="CompleteContents">Number of contents of the group that it has completely.</param>
/// <param name="PartialContents">Number of contents of the group that it has in part.</param>
/// <param name="LastSeen">Time of its last announce.</param>
public sealed record PeerResponse(
    string Group, string UserName, Hash256 Fingerprint, IReadOnlyList<string> EndPoints, int CompleteContents, int PartialContents, DateTimeOffset LastSeen)
{
    public IReadOnlyList<string> EndPoints { get; init; } = NotNullItems.Check(EndPoints);
}
