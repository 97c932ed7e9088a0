namespace P2PShare.Protocol.Tracker;

/// <summary>
/// Asks the tracker to let a source dial the caller's peer, because the caller cannot dial the source (connection reversal). It names no
/// address: the source receives those that the tracker has of the caller's peer.
/// </summary>
/// <param name="GroupId">The group that is meant: its name in the path may belong to another one by now, which is GroupNotFound.</param>
/// <param name="PiecesRoot">A content that the source announced in the group.</param>
/// <param name="Fingerprint">Of the source.</param>
/// <param name="OwnFingerprint">Of the caller's peer, which is online at the tracker and accepts connections.</param>
public sealed record DialRequest(Guid GroupId, Hash256 PiecesRoot, Hash256 Fingerprint, Hash256 OwnFingerprint);
