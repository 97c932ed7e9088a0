namespace P2PShare.Protocol.Tickets;

/// <summary>
/// Permission to fetch contents of a group from any peer that offers them, for a few minutes: a JWT (RFC 7519) that the
/// tracker signs with ES256 and that is bound to the holder's certificate (<c>cnf</c>, <c>x5t#S256</c>: RFC 7800, RFC 8705).
/// </summary>
/// <param name="UserId">Claim <c>sub</c>: the holder. Ids never come back; names are for people and do.</param>
/// <param name="GroupId">Claim <c>group</c>.</param>
/// <param name="SessionId">Claim <c>sid</c>: the session that asked for it, with which it ends.</param>
/// <param name="UserName">Claim <c>name</c>.</param>
/// <param name="GroupName">Claim <c>group_name</c>.</param>
/// <param name="PiecesRoots">Claim <c>roots</c>: base64url.</param>
/// <param name="CertificateHash">SHA-256 of the holder's certificate (DER).</param>
/// <param name="Expires">Claim <c>exp</c>, whole seconds.</param>
public sealed record Ticket(
    Guid UserId,
    Guid GroupId,
    Guid SessionId,
    string UserName,
    string GroupName,
    IReadOnlyList<Hash256> PiecesRoots,
    Hash256 CertificateHash,
    DateTimeOffset Expires)
{
    /// <summary>Claim <c>iat</c>, whole seconds, of a ticket that was read; the minimum value if it has none.</summary>
    public DateTimeOffset Issued { get; init; }

    internal const string Audience = "p2pshare-peer";
    internal const string TokenType = "p2pshare-ticket+jwt";
    internal const string GroupClaim = "group";
    internal const string GroupNameClaim = "group_name";
    internal const string RootsClaim = "roots";
    internal const string ConfirmationClaim = "cnf";
    internal const string ThumbprintMember = "x5t#S256";
}
