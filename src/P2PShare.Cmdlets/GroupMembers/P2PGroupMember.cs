using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>A member of a group.</summary>
public sealed class P2PGroupMember
{
    internal P2PGroupMember(MemberResponse member)
    {
        Group = member.Group;
        UserName = member.UserName;
        Role = member.Role == GroupRole.Owner ? P2PGroupRole.Owner : P2PGroupRole.Member;
        Joined = member.Joined.ToLocalTime();
    }

    public string Group { get; }

    public string UserName { get; }

    /// <summary>Owner or Member.</summary>
    public P2PGroupRole Role { get; }

    /// <summary>When the owner approved the member's request; for the user who created the group, when it was created.</summary>
    public DateTimeOffset Joined { get; }

    public override string ToString() => $"{UserName} in {Group}";
}
