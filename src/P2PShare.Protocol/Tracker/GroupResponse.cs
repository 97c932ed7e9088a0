namespace P2PShare.Protocol.Tracker;

/// <param name="Role">The caller's role in it.</param>
public sealed record GroupResponse(string Name, string Owner, int MemberCount, GroupRole Role, DateTimeOffset Created);
