namespace P2PShare.Protocol.Tracker;

/// <summary>A member of a group.</summary>
/// <param name="Role"><see cref="GroupRole.Owner"/> or <see cref="GroupRole.Member"/>.</param>
/// <param name="MemberRole">What the member may do; null from a tracker that has no roles.</param>
public sealed record MemberResponse(string Group, string UserName, GroupRole Role, DateTimeOffset Joined, MemberRole? MemberRole = null);
