using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>The role of the session's user in a group.</summary>
public enum P2PGroupRole
{
    None,

    /// <summary>The user asked to join; the owner has not answered.</summary>
    Requested,

    Member,

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
            GroupRole.Member => P2PGroupRole.Member,
            GroupRole.Owner => P2PGroupRole.Owner,
            _ => P2PGroupRole.None,
        };
        Listed = group.Listed;
        Created = group.Created.ToLocalTime();
    }

    public string Name { get; }

    public string Owner { get; }

    /// <summary>Includes the owner.</summary>
    public int MemberCount { get; }

    /// <summary>The role of the session's user.</summary>
    public P2PGroupRole Role { get; }

    /// <summary>Whether every user finds it in the list of groups; otherwise only by its exact name.</summary>
    public bool Listed { get; }

    public DateTimeOffset Created { get; }

    public override string ToString() => Name;
}
