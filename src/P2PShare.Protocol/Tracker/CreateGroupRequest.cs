namespace P2PShare.Protocol.Tracker;

/// <summary>Creates a group; the caller owns it.</summary>
/// <param name="Listed">Whether every user finds it in the list of groups; otherwise only by its exact name.</param>
/// <param name="DefaultRole">What users become who are made members without another role: a publisher if it is null. Not the owner.</param>
public sealed record CreateGroupRequest(string Name, bool Listed = true, MemberRole? DefaultRole = null);
