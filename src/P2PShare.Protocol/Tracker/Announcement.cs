namespace P2PShare.Protocol.Tracker;

/// <summary>A content that a peer has, or has a part of, and offers in one group.</summary>
/// <param name="Complete">Whether it has all of it.</param>
public sealed record Announcement(Guid GroupId, Hash256 PiecesRoot, bool Complete);
