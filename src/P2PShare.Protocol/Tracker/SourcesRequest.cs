namespace P2PShare.Protocol.Tracker;

/// <summary>Asks for the sources of contents of a group, and for a ticket to fetch them.</summary>
/// <param name="GroupId">The group that is meant: its name in the path may belong to another one by now, which is GroupNotFound.</param>
/// <param name="Fingerprint">Of the caller's certificate: that peer is left out of the answer.</param>
/// <param name="CertificateHash">SHA-256 of the caller's whole certificate (DER), which the ticket is bound to (RFC 8705).</param>
/// <param name="PiecesRoots">1 to <see cref="MaxContents"/>.</param>
public sealed record SourcesRequest(Guid GroupId, Hash256 Fingerprint, Hash256 CertificateHash, [property: MaxItems(SourcesRequest.MaxContents)] IReadOnlyList<Hash256> PiecesRoots)
{
    /// <summary>Most contents in one request, and so in one ticket.</summary>
    public const int MaxContents = 256;
}
