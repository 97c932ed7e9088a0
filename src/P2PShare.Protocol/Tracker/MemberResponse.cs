namespace P2PShare.Protocol.Tracker;

/// <summary>A member of a group.</summary>
/// <param name="Role"><see cref="GroupRole.Owner"/> or <see cref="GroupRole.Member"/>.</param>
public sealed record MemberResponse(string Group, string UserName, GroupRole Role, DateTimeOffset Joined);
