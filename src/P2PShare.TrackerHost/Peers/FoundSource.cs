using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Peers;

/// <summary>A peer that holds a content.</summary>
// Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
internal sealed class FoundSource
{
    /// <summary>Position of the content, if several were asked for.</summary>
    public long Number { get; init; }

    public required string Fingerprint { get; init; }

    public required string UserGuid { get; init; }

    public required string SessionGuid { get; init; }

    public required string UserName { get; init; }

    public required long Complete { get; init; }

    public required string ObservedAddress { get; init; }

    public required string OwnAddresses { get; init; }

    public required long Port { get; init; }

    public SourcePeer ToResponse() => new(
        Hash256.Parse(Fingerprint),
        Guid.Parse(UserGuid),
        Guid.Parse(SessionGuid),
        UserName,
        Complete == 1,
        PeerAddresses.EndPoints(ObservedAddress, OwnAddresses, Port));
}
