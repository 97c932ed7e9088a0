namespace P2PShare.Protocol.Tracker;

/// <summary>Creates a group; the caller owns it.</summary>
/// <param name="Listed">Whether every user finds it in the list of groups; otherwise only by its exact name.</param>
public sealed record CreateGroupRequest(string Name, bool Listed = true);
