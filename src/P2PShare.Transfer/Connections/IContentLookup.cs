using P2PShare.Protocol;

namespace P2PShare.Transfer.Connections;

/// <summary>Finds the contents that this peer offers.</summary>
internal interface IContentLookup
{
    /// <returns>Null if the content is not offered in the group.</returns>
    IServedContent? Find(Hash256 piecesRoot, Guid group);

    /// <summary>
    /// Reads whole contents, with few calls to a disk, and checks each against its pieces root. One that cannot be read, or has other
    /// bytes now, is withdrawn.
    /// </summary>
    void ReadWhole(IReadOnlyList<WholeContent> contents);

    /// <summary>Withdraws a content whose file is gone or has changed.</summary>
    void ReportUnreadable(IServedContent content, Exception problem);
}
