using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using P2PShare.Protocol.Names;

namespace P2PShare.Protocol.Tickets;

/// <summary>Checks tickets at a source with the tracker's public keys, without asking the tracker.</summary>
public sealed class TicketValidator
{
    /// <summary>Longest ticket that is looked at, in characters: 256 contents fit.</summary>
    public const int MaxLength = 32 * 1024;

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = MaxLength };
    private readonly TokenValidationParameters _parameters;

    /// <param name="trackerId">The tracker whose tickets count.</param>
    /// <param name="keySet">Its JSON Web Key Set (RFC 7517).</param>
    /// <param name="clock">Tells when a ticket has expired.</param>
    /// <exception cref="ArgumentException">Not a key set.</exception>
    public TicketValidator(Guid trackerId, string keySet, TimeProvider clock)
    {
        _parameters = new TokenValidationParameters
        {
            ValidIssuer = TicketIssuer.IssuerOf(trackerId),
            ValidAudience = Ticket.Audience,
            ValidTypes = [Ticket.TokenType],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKeys = new JsonWebKeySet(keySet).GetSigningKeys(),
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            // A peer's clock may differ from the tracker's by this much.
            LifetimeValidator = (_, expires, _, _) => expires > clock.GetUtcNow().UtcDateTime - ClockSkew,
        };
    }

    /// <summary>How far a peer's clock may be behind or ahead of the tracker's.</summary>
    public static TimeSpan ClockSkew { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Checks signature, issuer, audience, type, lifetime, and that the certificate is the one it is bound to.</summary>
    /// <param name="token">What the peer sent.</param>
    /// <param name="certificateHash">SHA-256 of the certificate (DER) it sent it over.</param>
    /// <returns>The ticket, or why it does not count, as a sentence that names no secret.</returns>
    public async ValueTask<(Ticket? Ticket, string? Problem)> ValidateAsync(string token, Hash256 certificateHash)
    {
        if (token.Length > MaxLength)
        {
            return (null, $"The ticket is longer than {MaxLength} characters.");
        }

        var result = await _handler.ValidateTokenAsync(token, _parameters).ConfigureAwait(false);
        if (!result.IsValid)
        {
            return (null, result.Exception is SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException
                ? "The ticket has expired."
                : "The ticket was not signed by this tracker for its peers.");
        }

        var jwt = (JsonWebToken)result.SecurityToken;
        if (!TryRead(jwt, out var ticket))
        {
            return (null, "The ticket lacks a claim, or has one that is not as it must be.");
        }

        return ticket.CertificateHash == certificateHash
            ? (ticket, null)
            : (null, "The ticket belongs to another certificate.");
    }

    // The library turns a claim of another kind into text, or throws; a ticket is read strictly.
    private static bool TryRead(JsonWebToken jwt, [NotNullWhen(true)] out Ticket? ticket)
    {
        ticket = null;
        TicketClaims? claims;
        try
        {
            claims = JsonSerializer.Deserialize(Base64Url.DecodeFromChars(jwt.EncodedPayload), TicketJson.Default.TicketClaims);
        }
        catch (JsonException)
        {
            return false;
        }

        if (claims is null
            || AccountName.FindProblem(claims.UserName) is not null
            || AccountName.FindProblem(claims.GroupName) is not null
            || !TryDecode(claims.Confirmation.Thumbprint, out var certificateHash))
        {
            return false;
        }

        var roots = new Hash256[claims.PiecesRoots.Count];
        for (var i = 0; i < roots.Length; i++)
        {
            if (!TryDecode(claims.PiecesRoots[i], out roots[i]))
            {
                return false;
            }
        }

        ticket = new Ticket(
            claims.UserId,
            claims.GroupId,
            claims.SessionId,
            claims.UserName,
            claims.GroupName,
            roots,
            certificateHash,
            new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero))
        {
            Issued = new DateTimeOffset(jwt.IssuedAt, TimeSpan.Zero),
        };
        return true;
    }

    private static bool TryDecode(string? text, out Hash256 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        // TryDecodeFromChars throws if the text is not base64url; this one returns a status.
        if (Base64Url.DecodeFromChars(text, bytes, out _, out var written) != OperationStatus.Done || written != Hash256.Size)
        {
            hash = default;
            return false;
        }

        hash = new Hash256(bytes);
        return true;
    }
}
