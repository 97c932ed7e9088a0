using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>Receives what the response to an announce tells this peer. Called on any thread, one call at a time.</summary>
internal interface IAnnounceHandler
{
    /// <summary>The tracker did not accept holdings: the contents are not files of those groups any more, or the user not a member.</summary>
    void OnRejected(IReadOnlyList<Announcement> holdings);

    /// <summary>Access to contents was revoked.</summary>
    /// <param name="revocations">May be empty, and may repeat earlier ones.</param>
    /// <returns>Whether one of them is new and concerns this peer's own user, so that the tracker has lost its holdings.</returns>
    bool OnRevoked(IReadOnlyList<Revocation> revocations);
}
