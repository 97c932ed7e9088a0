using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Peers;

/// <summary>A peer as others see it.</summary>
// Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
internal sealed class FoundPeer
{
    public required long Id { get; init; }

    public required string Fingerprint { get; init; }

    public required string UserGuid { get; init; }

    public required string SessionGuid { get; init; }

    public required string UserName { get; init; }

    public required string ObservedAddress { get; init; }

    public required string OwnAddresses { get; init; }

    public required long Port { get; init; }

    /// <param name="isComplete">Whether it has all of the content.</param>
    public SourcePeer ToSource(bool isComplete) => new(
        Hash256.Parse(Fingerprint),
        Guid.Parse(UserGuid),
        Guid.Parse(SessionGuid),
        UserName,
        isComplete,
        PeerAddresses.EndPoints(ObservedAddress, OwnAddresses, Port));
}
