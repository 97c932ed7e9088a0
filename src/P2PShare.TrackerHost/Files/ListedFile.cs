using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Files;

/// <summary>A file as members see it.</summary>
// Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
internal sealed class ListedFile
{
    public required long Id { get; init; }

    public required string GroupGuid { get; init; }

    public required string GroupName { get; init; }

    public required string Name { get; init; }

    public required long Size { get; init; }

    public required long PieceLength { get; init; }

    public required string? PiecesRoot { get; init; }

    public required string Owner { get; init; }

    public required long Shared { get; init; }

    public required long? Modified { get; init; }

    public required long? Executable { get; init; }

    /// <summary>How many contents the name had had with this one.</summary>
    public required long Version { get; init; }

    /// <summary>When an earlier version can be fetched no more; null for the current one.</summary>
    public long? Expires { get; init; }

    /// <param name="sources">By content.</param>
    public FileResponse ToResponse(IReadOnlyDictionary<string, int> sources) => new(
        Guid.Parse(GroupGuid),
        GroupName,
        Name,
        Size,
        (int)PieceLength,
        PiecesRoot is null ? null : Hash256.Parse(PiecesRoot),
        Owner,
        PiecesRoot is null ? 0 : sources.GetValueOrDefault(PiecesRoot),
        DateTimeOffset.FromUnixTimeSeconds(Shared),
        StoredAttributes.ReadModified(Modified),
        StoredAttributes.ReadExecutable(Executable),
        Version,
        Expires is { } expires ? DateTimeOffset.FromUnixTimeSeconds(expires) : null);
}
