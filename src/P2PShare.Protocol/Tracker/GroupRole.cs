using System.Text.Json.Serialization;

namespace P2PShare.Protocol.Tracker;

/// <summary>How the caller stands to a group. What a member may do there is its <see cref="MemberRole"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GroupRole>))]
public enum GroupRole
{
    None,
    Requested,
    Member,
    Owner,
}
