using System.Text.Json.Serialization;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;

namespace P2PShare.Protocol.Tracker;

/// <param name="Owner">The user who shared it first, of those who share it now.</param>
/// <param name="Sources">Peers online that have all of it.</param>
/// <param name="Shared">When this content was first shared under this name.</param>
public sealed record FileResponse(
    Guid GroupId,
    string Group,
    string Name,
    long Size,
    int PieceLength,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] Hash256? PiecesRoot,
    string Owner,
    int Sources,
    DateTimeOffset Shared)
{
    [JsonIgnore]
    public GroupIdentity GroupIdentity => new(GroupId, Group);

    [JsonIgnore]
    public ContentDescription Content => new(Size, PieceLength, PiecesRoot);
}
