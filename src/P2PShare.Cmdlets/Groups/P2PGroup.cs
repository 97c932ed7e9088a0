using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>What the session's user is in a group.</summary>
public enum P2PGroupRole
{
    None,

    /// <summary>Asked to join; the owner has not answered.</summary>
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
        Created = group.Created.ToLocalTime();
    }

    public string Name { get; }

    public string Owner { get; }

    /// <summary>The owner counts.</summary>
    public int MemberCount { get; }

    /// <summary>What the session's user is in it.</summary>
    public P2PGroupRole Role { get; }

    public DateTimeOffset Created { get; }

    public override string ToString() => Name;
}
