using System.Collections.Concurrent;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Support;

/// <summary>Records what an announcer reports.</summary>
internal sealed class AnnounceHandler : IAnnounceHandler
{
    public ConcurrentQueue<Announcement> Rejected { get; } = [];

    public ConcurrentQueue<Revocation> Revoked { get; } = [];

    /// <summary>Whether the next revocations concern the peer's own user.</summary>
    public bool IsOwnRevoked { get; set; }

    public void OnRejected(IReadOnlyList<Announcement> holdings)
    {
        foreach (var holding in holdings)
        {
            Rejected.Enqueue(holding);
        }
    }

    public bool OnRevoked(IReadOnlyList<Revocation> revocations)
    {
        foreach (var revocation in revocations)
        {
            Revoked.Enqueue(revocation);
        }

        var isOwn = IsOwnRevoked;
        IsOwnRevoked = false;
        return isOwn;
    }
}
