using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Peers;

/// <summary>A peer as members of a group see it.</summary>
// Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
internal sealed class ListedPeer
{
    public required string Fingerprint { get; init; }

    public required string UserName { get; init; }

    public required string ObservedAddress { get; init; }

    public required string OwnAddresses { get; init; }

    public required long Port { get; init; }

    public required long LastSeen { get; init; }

    public required long CompleteContents { get; init; }

    public required long PartialContents { get; init; }

    public PeerResponse ToResponse(string group) => new(
        group,
        UserName,
        Hash256.Parse(Fingerprint),
        PeerAddresses.EndPoints(ObservedAddress, OwnAddresses, Port),
        (int)CompleteContents,
        (int)PartialContents,
        DateTimeOffset.FromUnixTimeSeconds(LastSeen));
}
