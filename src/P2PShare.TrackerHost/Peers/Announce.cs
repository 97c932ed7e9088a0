using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Peers;

/// <summary>A request to announce, with its user and the address that it came from.</summary>
/// <param name="Observed">Address that the request came from; empty if that is a proxy's.</param>
/// <param name="Own">The peer's own addresses that can be handed out, separated by spaces.</param>
internal sealed record Announce(CurrentUser User, string Observed, string Own, AnnounceRequest Request)
{
    /// <summary>What revocations the peer has to know.</summary>
    /// <param name="number">Position of the announce.</param>
    public RevocationStore.Reader ToReader(int number) => new(number, User.Id, User.UserId.ToString("D"), Request.RevocationsAfter);

    /// <summary>Whether it changes nothing but that the peer is still there.</summary>
    public bool IsHeartbeat => Request is { Full: false, Holdings.Count: 0, Removed.Count: 0 };
}
