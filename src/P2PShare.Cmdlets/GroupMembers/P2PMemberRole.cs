using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>A role that a member of a group can be given.</summary>
public enum P2PMemberRole
{
    /// <summary>Lists and receives files, and serves what it received.</summary>
    Reader = MemberRole.Reader,

    /// <summary>Shares files too.</summary>
    Publisher = MemberRole.Publisher,

    /// <summary>Also answers join requests, and adds, removes and gives roles to readers and publishers.</summary>
    Manager = MemberRole.Manager,
}
