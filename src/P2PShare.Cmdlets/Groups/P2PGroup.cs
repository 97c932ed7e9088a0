using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>The role of a user in a group.</summary>
public enum P2PGroupRole
{
    None,

    /// <summary>The user asked to join and has no answer yet.</summary>
    Requested,

    /// <summary>Lists and receives files, and serves what it received.</summary>
    Reader,

    /// <summary>Shares files too.</summary>
    Publisher,

    /// <summary>Also answers join requests, and adds, removes and gives roles to readers and publishers.</summary>
    Manager,

    /// <summary>Also makes managers, hands the group over and deletes it.</summary>
    Owner,
}

/// <summary>A group at a tracker.</summary>
public sealed class P2PGroup
{
    internal P2PGroup(GroupResponse group)
    {
        Name = group.Name;
        Owner = group.Owner;
        MemberCount = group.MemberCount;
        Role = group.Role switch
        {
            GroupRole.Requested => P2PGroupRole.Requested,
            GroupRole.Member or GroupRole.Owner => RoleOf(group.Role, group.MemberRole),
            _ => P2PGroupRole.None,
        };
        DefaultRole = RoleOf(GroupRole.Member, group.DefaultRole);
        Listed = group.Listed;
        Created = group.Created.ToLocalTime();
    }

    public string Name { get; }

    public string Owner { get; }

    /// <summary>Includes the owner.</summary>
    public int MemberCount { get; }

    /// <summary>The role of the session's user.</summary>
    public P2PGroupRole Role { get; }

    /// <summary>What users become who are made members without another role.</summary>
    public P2PGroupRole DefaultRole { get; }

    /// <summary>Whether every user finds it in the list of groups; otherwise only by its exact name.</summary>
    public bool Listed { get; }

    public DateTimeOffset Created { get; }

    public override string ToString() => Name;

    // At a tracker without roles every member publishes.
    internal static P2PGroupRole RoleOf(GroupRole role, MemberRole? member) => role == GroupRole.Owner ? P2PGroupRole.Owner : member switch
    {
        MemberRole.Reader => P2PGroupRole.Reader,
        MemberRole.Manager => P2PGroupRole.Manager,
        MemberRole.Owner => P2PGroupRole.Owner,
        _ => P2PGroupRole.Publisher,
    };
}
