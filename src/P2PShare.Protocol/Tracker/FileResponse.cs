using System.Text.Json.Serialization;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;

namespace P2PShare.Protocol.Tracker;

/// <param name="Owner">The user who shared it first, of those who share it now.</param>
/// <param name="Sources">Peers online that have all of it.</param>
/// <param name="Shared">When this content was first shared under this name.</param>
/// <param name="Modified">When the file of the user who shared this content first was modified last; null if that is not known.</param>
/// <param name="Executable">Whether that file could be executed; null if that is not known.</param>
/// <param name="Version">How many contents the name has had with this one, from 1; null from a tracker of before.</param>
/// <param name="KeptUntil">Of an earlier version: until when the tracker hands out its sources; null for the current one.</param>
public sealed record FileResponse(
    Guid GroupId,
    string Group,
    string Name,
    long Size,
    int PieceLength,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] Hash256? PiecesRoot,
    string Owner,
    int Sources,
    DateTimeOffset Shared,
    DateTimeOffset? Modified = null,
    bool? Executable = null,
    long? Version = null,
    DateTimeOffset? KeptUntil = null)
{
    [JsonIgnore]
    public GroupIdentity GroupIdentity => new(GroupId, Group);

    [JsonIgnore]
    public ContentDescription Content => new(Size, PieceLength, PiecesRoot);

    [JsonIgnore]
    public EntryAttributes Attributes => new(Modified, Executable);
}
