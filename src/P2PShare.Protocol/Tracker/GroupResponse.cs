namespace P2PShare.Protocol.Tracker;

/// <param name="GroupId">Never comes back, as the name may.</param>
/// <param name="Role">The caller's role in it.</param>
/// <param name="Listed">Whether every user finds it in the list of groups; otherwise only by its exact name.</param>
/// <param name="MemberRole">What the caller may do in it; null if the caller is no member, and from a tracker that has no roles.</param>
/// <param name="DefaultRole">What users become who are made members without another role; null from a tracker that has no roles.</param>
public sealed record GroupResponse(
    Guid GroupId, string Name, string Owner, int MemberCount, GroupRole Role, DateTimeOffset Created, bool Listed, MemberRole? MemberRole = null, MemberRole? DefaultRole = null);
