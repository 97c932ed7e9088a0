namespace P2PShare.Protocol.Tracker;

/// <param name="Peers">At most 50, chosen at random, seeds first.</param>
public sealed record ContentSources(Hash256 PiecesRoot, IReadOnlyList<SourcePeer> Peers)
{
    public IReadOnlyList<SourcePeer> Peers { get; init; } = NotNullItems.Check(Peers);
}
