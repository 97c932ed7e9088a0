using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>A local file whose content was hashed, and what shows later whether it is still the same.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Modified">Last write time when it was hashed.</param>
/// <param name="PieceLayer">One hash a piece; empty if there are fewer than two pieces.</param>
/// <param name="Identity">Null if it is not known.</param>
public sealed record HashedFile(
    string Path, DateTimeOffset Modified, ContentDescription Content, IReadOnlyList<Hash256> PieceLayer, FileIdentity? Identity = null)
{
    /// <summary>Whether its owner may execute it; null on Windows, and if it was not hashed just now.</summary>
    public bool? Executable { get; init; }

    /// <summary>
    /// Whether this process hashed it, and it had last been changed long enough before that any change since has another change time.
    /// </summary>
    internal bool WasHashedHere { get; init; }

    /// <summary>What the file's entry in a group gets.</summary>
    internal EntryAttributes Attributes => EntryAttributes.Of(Modified, Executable);

    /// <summary>What is known to answer as a whole, or not at all.</summary>
    internal string Disk => Identity is { } identity ? $"device {identity.Device}" : System.IO.Path.GetDirectoryName(Path) ?? "";

    internal FileStamp Stamp => new(Content.Size, Modified, Identity);

    /// <summary>The hash that a piece must have.</summary>
    internal Hash256 PieceHash(int index) => PieceLayer.Count == 0 ? Content.PiecesRoot!.Value : PieceLayer[index];

    /// <summary>Whether a file with this stamp has the bytes that were hashed, as far as that is known without reading them.</summary>
    internal bool IsUnchanged(FileStamp now) => now.Size == Content.Size && now.Modified == Modified
        && (Identity is not { } identity || now.Identity is not { } other || identity.IsUnchanged(other));
}
