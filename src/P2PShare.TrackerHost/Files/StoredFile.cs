using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Files;

/// <summary>A file as a write finds it.</summary>
// Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
internal sealed class StoredFile
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required long Size { get; init; }

    public required long PieceLength { get; init; }

    public required string? PiecesRoot { get; init; }

    public required long? Modified { get; init; }

    public required long? Executable { get; init; }

    public required long Shared { get; init; }

    /// <summary>How many contents the name has had, with this one.</summary>
    public required long Version { get; init; }

    /// <summary>What earlier versions are found by; null if there was none.</summary>
    public required long? History { get; init; }

    /// <summary>1 if the user who asks shares it; else 0.</summary>
    public required long Sharers { get; init; }

    /// <summary>The user who has shared it longest; null if nobody shares it.</summary>
    public required long? Owner { get; init; }

    public bool IsShared => Sharers > 0;

    public ContentDescription Content => new(Size, (int)PieceLength, PiecesRoot is null ? null : Hash256.Parse(PiecesRoot));

    /// <summary>Whether known attributes are others than the file's.</summary>
    public bool DiffersFrom(EntryAttributes attributes) =>
        (attributes.Modified is not null && StoredAttributes.Write(attributes.Modified) != Modified)
        || (attributes.Executable is not null && StoredAttributes.Write(attributes.Executable) != Executable);
}
