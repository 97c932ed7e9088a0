using P2PShare.Protocol;

namespace P2PShare.Transfer.Trackers;

/// <summary>Tells the tracker what this peer offers.</summary>
internal interface IAnnouncer
{
    /// <summary>Adds a content, or changes whether it is complete.</summary>
    void Hold(Guid group, Hash256 root, bool isComplete);

    void Withdraw(Guid group, Hash256 root);

    /// <summary>Waits until everything added and withdrawn so far has been announced.</summary>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    Task FlushAsync(CancellationToken cancellationToken);
}
