using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>Offers what a download receives to other peers.</summary>
internal interface IContentRegistry
{
    /// <summary>Offers a content in a group. A content that is offered already keeps what backs it, unless the new one is whole.</summary>
    /// <param name="isEarlier">Whether it is an earlier version of the name: it is not kept for the next peer server.</param>
    OfferedContent Offer(IContent content, GroupIdentity group, string name, bool isEarlier = false);

    /// <summary>Withdraws a part whose download ended. Does nothing if a whole file has taken its place.</summary>
    void Withdraw(OfferedContent offered, IContent part, GroupIdentity group);

    /// <summary>Gives a complete part its name and attributes, and offers it from there.</summary>
    /// <exception cref="P2PShareException">DestinationExists, DiskFull or PathUnwritable.</exception>
    void Finish(OfferedContent offered, IPartFile part, string destination, bool overwrite, EntryAttributes? attributes = null);

    /// <summary>The content, if it is offered from a whole file.</summary>
    /// <returns>Null if it is not.</returns>
    OfferedContent? FindWhole(Hash256 piecesRoot);

    /// <summary>Offers files that were received, and keeps them together for the next peer server, except earlier versions.</summary>
    void Add(IReadOnlyList<ShareStore.Share> received);

    /// <summary>The files from which contents are offered in a group.</summary>
    /// <returns>Full paths.</returns>
    IReadOnlyList<string> FindPaths(Guid group);

    /// <summary>Withdraws a content whose file is gone or has changed.</summary>
    void ReportUnreadable(OfferedContent offered, Exception problem);

    /// <summary>Checks that the user has not shared a file, under whatever path, that is about to be changed.</summary>
    /// <param name="path">Full path.</param>
    /// <exception cref="P2PShareException">DestinationInUse: others may be receiving it.</exception>
    void RequireUnshared(string path);

    /// <summary>Stops offering what was received into a file that is about to change. Does nothing if it is not offered.</summary>
    /// <param name="path">Full path.</param>
    void WithdrawFile(string path);

    /// <summary>Offers again, when it was hashed, what <see cref="WithdrawFile"/> withdrew: the file was not changed. Does nothing if there was none.</summary>
    /// <param name="path">Full path.</param>
    void OfferAgain(string path);

    /// <summary>Waits until the tracker knows everything that is offered now.</summary>
    Task FlushAnnouncesAsync(CancellationToken cancellationToken);
}
