namespace P2PShare.Protocol.Tracker;

/// <param name="UserId">The peer's user, and with <paramref name="SessionId"/> what a revocation compares.</param>
/// <param name="SessionId">The session that announced it.</param>
/// <param name="EndPoints">Addresses to dial, <c>address:port</c>; empty for a peer that accepts no connections.</param>
public sealed record SourcePeer(Hash256 Fingerprint, Guid UserId, Guid SessionId, string UserName, bool Complete, IReadOnlyList<string> EndPoints)
{
    public IReadOnlyList<string> EndPoints { get; init; } = NotNullItems.Check(EndPoints);

    /// <summary>
    /// Deals the peers of each user in turn with those of others, in the given order otherwise: a user with many peers does not hide the rest.
    /// </summary>
    public static IEnumerable<SourcePeer> DealByUser(IEnumerable<SourcePeer> peers) =>
        peers.GroupBy(peer => peer.UserId).SelectMany(own => own.Select((peer, turn) => (peer, turn))).OrderBy(dealt => dealt.turn).Select(dealt => dealt.peer);
}
