namespace P2PShare.Protocol.Tracker;

/// <param name="UserId">The peer's user, and with <paramref name="SessionId"/> what a revocation compares.</param>
/// <param name="SessionId">The session that announced it.</param>
/// <param name="EndPoints">Addresses to dial, <c>address:port</c>; empty for a peer that accepts no connections.</param>
public sealed record SourcePeer(Hash256 Fingerprint, Guid UserId, Guid SessionId, string UserName, bool Complete, IReadOnlyList<string> EndPoints)
{
    public IReadOnlyList<string> EndPoints { get; init; } = NotNullItems.Check(EndPoints);
}
