namespace P2PShare.Protocol.Tracker;

/// <summary>Shares a content under a name with a group.</summary>
/// <param name="PiecesRoot">Null, or left out, for an empty content.</param>
/// <param name="Replace">Whether it replaces a different content that the caller shared under this name.</param>
public sealed record ShareFileRequest(string Name, long Size, int PieceLength, Hash256? PiecesRoot = null, bool Replace = false);
