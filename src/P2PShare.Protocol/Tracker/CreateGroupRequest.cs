namespace P2PShare.Protocol.Tracker;

/// <summary>Creates a group; the caller owns it.</summary>
public sealed record CreateGroupRequest(string Name);
