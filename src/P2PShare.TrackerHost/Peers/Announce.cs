using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.TrackerHost.Peers;

/// <summary>A request to announce, from whom and where it came.</summary>
/// <param name="Observed">Address that the request came from.</param>
/// <param name="Own">The peer's own addresses that may be handed out, separated by spaces.</param>
internal sealed record Announce(CurrentUser User, string Observed, string Own, AnnounceRequest Request)
{
    /// <summary>Whether it only says that the peer is still there.</summary>
    public bool IsSignOfLife => Request is { Full: false, Holdings.Count: 0, Removed.Count: 0 };
}
