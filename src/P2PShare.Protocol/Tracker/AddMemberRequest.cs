namespace P2PShare.Protocol.Tracker;

/// <summary>Makes a user a member who did not ask.</summary>
/// <param name="Role">Below the caller's; null: the group's default.</param>
public sealed record AddMemberRequest(MemberRole? Role = null);
