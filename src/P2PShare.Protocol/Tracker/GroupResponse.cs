namespace P2PShare.Protocol.Tracker;

/// <param name="GroupId">Never comes back, as the name may.</param>
/// <param name="Role">The caller's role in it.</param>
public sealed record GroupResponse(Guid GroupId, string Name, string Owner, int MemberCount, GroupRole Role, DateTimeOffset Created);
