using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>A member of a group.</summary>
public sealed class P2PGroupMember
{
    internal P2PGroupMember(MemberResponse member)
    {
        Group = member.Group;
        UserName = member.UserName;
        Role = P2PGroup.RoleOf(member.Role, member.MemberRole);
        Joined = member.Joined.ToLocalTime();
    }

    public string Group { get; }

    public string UserName { get; }

    /// <summary>Reader, Publisher, Manager or Owner.</summary>
    public P2PGroupRole Role { get; }

    /// <summary>When the member's request was approved, or the member was added; for the user who created the group, when it was created.</summary>
    public DateTimeOffset Joined { get; }

    public override string ToString() => $"{UserName} in {Group}";
}
