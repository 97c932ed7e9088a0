namespace P2PShare.Protocol.Tracker;

/// <summary>A request to dial another peer, as the tracker passes it on to a source.</summary>
/// <param name="Group">The group's name.</param>
/// <param name="PiecesRoot">The content that the other peer wants, for which it is a member of the group.</param>
/// <param name="Peer">The peer to dial, with the addresses that the tracker hands out for it.</param>
public sealed record DialEvent(Guid GroupId, string Group, Hash256 PiecesRoot, SourcePeer Peer)
{
    /// <summary>
    /// The type of such an item in a peer's stream of server-sent events. Its other items are those of <see cref="GroupEventItems"/>.
    /// </summary>
    public const string ItemType = "dial";
}
