namespace P2PShare.Protocol.Tracker;

/// <param name="IntervalSeconds">The time between announces, roughly; a peer that is silent for three times as long is removed.</param>
/// <param name="Known">False if the tracker did not know this peer and the request was not full: announce everything.</param>
/// <param name="Rejected">
/// Holdings that are not (or no longer) files of a group the user is a member of: of this request, and at most <see cref="MaxWithdrawn"/>
/// that were announced earlier. If there are as many, more may follow: announce again.
/// </param>
/// <param name="Revocations">
/// The revocations after <see cref="AnnounceRequest.RevocationsAfter"/> that concern the user's groups, for groups that the user has left
/// up to that moment, the oldest first; at most <see cref="MaxRevocations"/>. If there are as many, more may follow: announce again.
/// </param>
/// <param name="RevocationsAfter">What the next request sends as <see cref="AnnounceRequest.RevocationsAfter"/>.</param>
/// <param name="NextAnnounceSeconds">
/// When to announce next if nothing changes, chosen at random by the tracker so that its peers are spread, and up to half an interval later than usual when it has much
/// to do. Null: a random time within the last fifth of the interval.
/// </param>
public sealed record AnnounceResponse(
    int IntervalSeconds, bool Known, IReadOnlyList<Announcement> Rejected, IReadOnlyList<Revocation> Revocations, long RevocationsAfter, int? NextAnnounceSeconds = null)
{
    /// <summary>Most revocations in one response.</summary>
    public const int MaxRevocations = 1000;

    /// <summary>Most holdings in one response that were announced earlier and have been withdrawn since.</summary>
    public const int MaxWithdrawn = 1000;

    public IReadOnlyList<Announcement> Rejected { get; init; } = NotNullItems.Check(Rejected);

    public IReadOnlyList<Revocation> Revocations { get; init; } = NotNullItems.Check(Revocations);
}
