using System.Text.Json.Serialization;
using P2PShare.Protocol.Names;

namespace P2PShare.Protocol.Tracker;

/// <summary>Shares a content under a name with a group.</summary>
/// <param name="PiecesRoot">Null, or left out, for an empty content.</param>
/// <param name="Replace">Whether it replaces a different content, or other attributes, that the caller shared under this name.</param>
/// <param name="Modified">When the file was modified last: a year from 1601 to 9999, kept in steps of 100 nanoseconds; null, or left out, if it is not known.</param>
/// <param name="Executable">Whether the file can be executed; null, or left out, if that is not known.</param>
public sealed record ShareFileRequest(
    string Name, long Size, int PieceLength, Hash256? PiecesRoot = null, bool Replace = false, DateTimeOffset? Modified = null, bool? Executable = null)
{
    [JsonIgnore]
    public EntryAttributes Attributes => new(Modified, Executable);
}
