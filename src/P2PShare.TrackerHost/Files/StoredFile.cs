using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.TrackerHost.Files;

/// <summary>A file's id and content.</summary>
internal sealed record StoredFile(long Id, long Size, long PieceLength, string? PiecesRoot)
{
    public ContentDescription Content => new(Size, (int)PieceLength, PiecesRoot is null ? null : Hash256.Parse(PiecesRoot));
}
