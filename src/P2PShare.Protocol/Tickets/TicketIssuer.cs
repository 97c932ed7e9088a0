using System.Globalization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace P2PShare.Protocol.Tickets;

/// <summary>Signs tickets at the tracker.</summary>
public sealed class TicketIssuer
{
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials _credentials;
    private readonly string _issuer;

    /// <param name="trackerId">Goes into <c>iss</c>.</param>
    /// <param name="key">An ECDSA P-256 key with its <see cref="SecurityKey.KeyId"/>.</param>
    public TicketIssuer(Guid trackerId, ECDsaSecurityKey key)
    {
        _issuer = IssuerOf(trackerId);
        _credentials = new SigningCredentials(key, SecurityAlgorithms.EcdsaSha256);
    }

    public string Issue(Ticket ticket, DateTimeOffset now) => _handler.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = _issuer,
        Audience = Ticket.Audience,
        TokenType = Ticket.TokenType,
        IssuedAt = now.UtcDateTime,
        Expires = ticket.Expires.UtcDateTime,
        SigningCredentials = _credentials,
        Claims = new Dictionary<string, object>
        {
            [JwtRegisteredClaimNames.Sub] = Text(ticket.UserId),
            [Ticket.GroupClaim] = Text(ticket.GroupId),
            [JwtRegisteredClaimNames.Sid] = Text(ticket.SessionId),
            [JwtRegisteredClaimNames.Name] = ticket.UserName,
            [Ticket.GroupNameClaim] = ticket.GroupName,
            [Ticket.RootsClaim] = ticket.PiecesRoots.Select(root => Base64UrlEncoder.Encode(root.ToArray())).ToArray(),
            [Ticket.ConfirmationClaim] = new Dictionary<string, object>
            {
                [Ticket.ThumbprintMember] = Base64UrlEncoder.Encode(ticket.CertificateHash.ToArray()),
            },
        },
    });

    internal static string IssuerOf(Guid trackerId) => "p2pshare:" + Text(trackerId);

    private static string Text(Guid id) => id.ToString("D", CultureInfo.InvariantCulture);
}
