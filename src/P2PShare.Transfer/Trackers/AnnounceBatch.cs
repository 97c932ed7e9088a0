using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>The content of one announce.</summary>
/// <param name="IsFull">Whether it replaces all that the tracker knows of this peer.</param>
/// <param name="Version">Of the holdings when it was made: see <see cref="AnnounceState.Accept"/>.</param>
/// <param name="Changes">By holding: whether it is complete; null if it is removed.</param>
internal sealed record AnnounceBatch(bool IsFull, long Version, IReadOnlyList<KeyValuePair<(Guid Group, Hash256 Root), bool?>> Changes)
{
    public IReadOnlyList<Announcement> Holdings =>
        [.. Changes.Where(change => change.Value is not null).Select(change => new Announcement(change.Key.Group, change.Key.Root, change.Value!.Value))];

    public IReadOnlyList<Announcement> Removed =>
        [.. Changes.Where(change => change.Value is null).Select(change => new Announcement(change.Key.Group, change.Key.Root, false))];
}
