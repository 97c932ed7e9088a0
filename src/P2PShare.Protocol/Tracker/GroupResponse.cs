namespace P2PShare.Protocol.Tracker;

/// <param name="GroupId">Never comes back, as the name may.</param>
/// <param name="Role">The caller's role in it.</param>
/// <param name="Listed">Whether every user finds it in the list of groups; otherwise only by its exact name.</param>
public sealed record GroupResponse(Guid GroupId, string Name, string Owner, int MemberCount, GroupRole Role, DateTimeOffset Created, bool Listed);
