using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>Offers what a download receives to other peers.</summary>
internal interface IContentRegistry
{
    /// <summary>Offers a content in a group. A content that is offered already keeps what backs it, unless the new one is whole.</summary>
    OfferedContent Offer(IContent content, GroupIdentity group, string name);

    /// <summary>Withdraws a part whose download ended. Does nothing if a whole file has taken its place.</summary>
    void Withdraw(OfferedContent offered, IContent part, GroupIdentity group);

    /// <summary>Gives a complete part its name, and offers it from there.</summary>
    /// <exception cref="P2PShareException">DestinationExists, DiskFull or PathUnwritable.</exception>
    void Finish(OfferedContent offered, IPartFile part, string destination, bool overwrite);

    /// <summary>Whether a whole file with this content is offered.</summary>
    bool IsWhole(Hash256 piecesRoot);

    /// <summary>Offers files that were received, and keeps them together for the next peer server.</summary>
    void Add(IReadOnlyList<ShareStore.Share> received);

    /// <summary>The files from which contents are offered in a group.</summary>
    /// <returns>Full paths.</returns>
    IReadOnlyList<string> FindPaths(Guid group);

    /// <summary>Withdraws a content whose file is gone or has changed.</summary>
    void ReportUnreadable(OfferedContent offered, Exception problem);

    /// <summary>Waits until the tracker knows everything that is offered now.</summary>
    Task FlushAnnouncesAsync(CancellationToken cancellationToken);
}
