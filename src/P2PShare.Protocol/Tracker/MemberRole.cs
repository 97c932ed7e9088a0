using System.Text.Json.Serialization;

namespace P2PShare.Protocol.Tracker;

/// <summary>What a member of a group may do; each role may do what those before it may. The numbers are in the tracker's database, and stay.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MemberRole>))]
public enum MemberRole
{
    /// <summary>Lists and receives files, and serves what it received.</summary>
    Reader = 1,

    /// <summary>Shares files too.</summary>
    Publisher = 2,

    /// <summary>Also answers join requests, and adds, removes and gives roles to members whose role is below its own.</summary>
    Manager = 3,

    /// <summary>Also makes managers, hands the group over and deletes it. A group has one.</summary>
    Owner = 4,
}
