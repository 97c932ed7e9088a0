namespace P2PShare.Transfer.Trackers;

/// <summary>What a look-up at the tracker says of a source: it is a member's, now. As a ticket does for the other direction, it lets pieces flow.</summary>
/// <param name="Expires">When a ticket that was issued with it expires.</param>
/// <param name="RevocationsKnown">How many revocations this side knew before it asked: later ones may concern the source.</param>
internal sealed record ListedSource(Guid UserId, Guid SessionId, DateTimeOffset Expires, long RevocationsKnown);
