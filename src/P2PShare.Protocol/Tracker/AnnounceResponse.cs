namespace P2PShare.Protocol.Tracker;

/// <param name="IntervalSeconds">The longest time until the next announce; a peer that is silent for three intervals is removed.</param>
/// <param name="Known">False if the tracker did not know this peer and the request was not full: announce everything.</param>
/// <param name="Rejected">Holdings that are not (or no longer) files of a group the user is a member of.</param>
/// <param name="Revocations">
/// Access to the user's groups that ended within the last lifetime of a ticket; for groups that the user has left, up to that moment.
/// </param>
public sealed record AnnounceResponse(int IntervalSeconds, bool Known, IReadOnlyList<Announcement> Rejected, IReadOnlyList<Revocation> Revocations)
{
    public IReadOnlyList<Announcement> Rejected { get; init; } = NotNullItems.Check(Rejected);

    public IReadOnlyList<Revocation> Revocations { get; init; } = NotNullItems.Check(Revocations);
}
