namespace P2PShare.Protocol.Tracker;

/// <summary>Gives a member another role.</summary>
/// <param name="Role">Below the caller's, as the member's present one.</param>
public sealed record SetMemberRoleRequest(MemberRole Role);
