using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Storage;

/// <summary>A local file whose content was hashed, and what shows later whether it is still the same.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Modified">Last write time when it was hashed.</param>
/// <param name="PieceLayer">One hash a piece; empty if there are fewer than two pieces.</param>
public sealed record HashedFile(string Path, DateTimeOffset Modified, ContentDescription Content, IReadOnlyList<Hash256> PieceLayer);
