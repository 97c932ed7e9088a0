using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;

namespace P2PShare.Fuzz;

/// <summary>
/// Tickets as the fuzzer writes them, which have no valid signature, and claims that are signed with the tracker's key, so that they reach the
/// code behind the check of the signature.
/// </summary>
internal static class TicketTarget
{
    // A fixed key: a finding can be tried again.
    private static readonly ECDsa _key = ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        D = [.. Enumerable.Repeat((byte)7, 32)],
    });

    private static readonly Guid _tracker = new("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly Hash256 _certificate = new([.. Enumerable.Repeat((byte)1, Hash256.Size)]);
    private static readonly ECDsaSecurityKey _signingKey = new(_key) { KeyId = "key" };
    private static readonly TicketValidator _validator = new(_tracker, KeySet(), TimeProvider.System);
    private static readonly JsonWebTokenHandler _handler = new();

    public static IEnumerable<byte[]> SeedTokens() => [Encoding.ASCII.GetBytes(Valid())];

    public static IEnumerable<byte[]> SeedClaims() => [Base64UrlEncoder.DecodeBytes(Valid().Split('.')[1])];

    public static void TryToken(byte[] input) => Check(Encoding.UTF8.GetString(input), signed: false);

    public static void TryClaims(byte[] input)
    {
        string token;
        try
        {
            token = _handler.CreateToken(
                Encoding.UTF8.GetString(input),
                new SigningCredentials(_signingKey, SecurityAlgorithms.EcdsaSha256),
                new Dictionary<string, object> { ["typ"] = "p2pshare-ticket+jwt" });
        }
        catch (Exception e) when (e is ArgumentException or JsonException or SecurityTokenException)
        {
            return;
        }

        Check(token, signed: true);
    }

    private static void Check(string token, bool signed)
    {
        // The fuzzer calls without an event loop, and there is nothing else to do meanwhile.
        var (ticket, problem) = _validator.ValidateAsync(token, _certificate).AsTask().GetAwaiter().GetResult();
        if (ticket is null == problem is null)
        {
            throw new InvalidOperationException("A ticket is valid or has a problem.");
        }

        if (ticket is not null && (ticket.CertificateHash != _certificate || ticket.Expires < DateTimeOffset.UtcNow - TicketValidator.ClockSkew))
        {
            throw new InvalidOperationException("A ticket of another certificate, or one that has expired, is valid.");
        }

        // The only token that the key signed is the seed's.
        if (ticket is not null && !signed && !SeedTicket.IsSame(ticket))
        {
            throw new InvalidOperationException("A ticket that the tracker did not sign is valid.");
        }
    }

    private static string Valid() => new TicketIssuer(_tracker, _signingKey).Issue(SeedTicket.Make(_certificate), DateTimeOffset.UtcNow);

    private static string KeySet()
    {
        var point = _key.ExportParameters(false).Q;
        return $$"""
            {"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"key","x":"{{Base64UrlEncoder.Encode(point.X)}}","y":"{{Base64UrlEncoder.Encode(point.Y)}}"}]}
            """;
    }
}
