using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Files;

/// <summary>A file's id, content and attributes.</summary>
internal sealed record StoredFile(long Id, long Size, long PieceLength, string? PiecesRoot, long? Modified, long? Executable)
{
    public ContentDescription Content => new(Size, (int)PieceLength, PiecesRoot is null ? null : Hash256.Parse(PiecesRoot));

    /// <summary>Whether known attributes are others than the file's.</summary>
    public bool DiffersFrom(EntryAttributes attributes) =>
        (attributes.Modified is not null && StoredAttributes.Write(attributes.Modified) != Modified)
        || (attributes.Executable is not null && StoredAttributes.Write(attributes.Executable) != Executable);
}
