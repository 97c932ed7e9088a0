namespace P2PShare.Protocol.Tracker;

/// <summary>Hands a group over to another of its members; the former owner stays a member.</summary>
public sealed record SetGroupOwnerRequest(string UserName);
