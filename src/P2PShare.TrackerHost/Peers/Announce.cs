using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.TrackerHost.Peers;

/// <summary>A request to announce, from whom and where it came.</summary>
/// <param name="Observed">Address that the request came from.</param>
/// <param name="Own">The peer's own addresses that may be handed out, separated by spaces.</param>
internal sealed record Announce(CurrentUser User, string Observed, string Own, AnnounceRequest Request);
