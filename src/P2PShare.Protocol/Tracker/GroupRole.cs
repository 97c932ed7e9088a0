using System.Text.Json.Serialization;

namespace P2PShare.Protocol.Tracker;

/// <summary>The caller's role in a group.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GroupRole>))]
public enum GroupRole
{
    None,
    Requested,
    Member,
    Owner,
}
