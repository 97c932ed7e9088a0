namespace P2PShare.Protocol.Tracker;

/// <summary>A request to join a group.</summary>
public sealed record JoinRequestResponse(string Group, string UserName, DateTimeOffset Requested);
