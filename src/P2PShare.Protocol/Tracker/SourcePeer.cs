namespace P2PShare.Protocol.Tracker;

/// <param name="EndPoints">Addresses to dial, <c>address:port</c>; empty for a peer that accepts no connections.</param>
public sealed record SourcePeer(Hash256 Fingerprint, string UserName, bool Complete, IReadOnlyList<string> EndPoints)
{
    public IReadOnlyList<string> EndPoints { get; init; } = NotNullItems.Check(EndPoints);
}
