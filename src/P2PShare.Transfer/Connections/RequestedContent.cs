using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;

namespace P2PShare.Transfer.Connections;

/// <summary>A whole content that the other side of a connection asked for.</summary>
/// <param name="Ticket">The ticket that was shown for it.</param>
/// <param name="Since">When it was asked for, a timestamp of the clock.</param>
internal readonly record struct RequestedContent(Hash256 PiecesRoot, Ticket Ticket, DateTimeOffset Requested, long Since);
