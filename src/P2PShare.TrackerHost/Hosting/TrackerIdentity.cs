using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.IdentityModel.Tokens;
using P2PShare.Protocol.Tickets;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// What makes a tracker this one, whichever of its instances answers: an id and the keys that sign its tickets. Both
/// are made once and kept in the database.
/// </summary>
internal sealed class TrackerIdentity
{
    private TrackerIdentity(Guid id, IReadOnlyList<StoredKey> keys)
    {
        Id = id;
        // Made once more from its bytes for the issuer, which keeps it for as long as the process lives.
        Issuer = new TicketIssuer(id, new ECDsaSecurityKey(Import(keys[^1])) { KeyId = keys[^1].KeyId });
        PublicKeys = new JsonObject { ["keys"] = new JsonArray([.. keys.Select(PublicPartOf)]) }.ToJsonString();
    }

    public Guid Id { get; }

    /// <summary>Signs with the newest key.</summary>
    public TicketIssuer Issuer { get; }

    /// <summary>The public parts of all keys, as a JSON Web Key Set (RFC 7517).</summary>
    public string PublicKeys { get; }

    public static Task<TrackerIdentity> LoadOrCreateAsync(TrackerDatabase database, TimeProvider clock, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async connection =>
            {
                await connection.ExecuteAsync(
                    "INSERT INTO settings (name, value) VALUES ('tracker_id', @Id) ON CONFLICT (name) DO NOTHING", new { Id = Guid.NewGuid().ToString("D") });
                var id = Guid.Parse(await connection.QuerySingleAsync<string>("SELECT value FROM settings WHERE name = 'tracker_id'"));
                if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM ticket_keys") == 0)
                {
                    using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                    await connection.ExecuteAsync(
                        "INSERT INTO ticket_keys (key_id, private_key, created) VALUES (@KeyId, @PrivateKey, @Created)",
                        new { KeyId = ThumbprintOf(key), PrivateKey = Convert.ToBase64String(key.ExportPkcs8PrivateKey()), Created = clock.GetUtcNow().ToUnixTimeSeconds() });
                }

                var keys = await connection.QueryAsync<StoredKey>("SELECT key_id AS KeyId, private_key AS PrivateKey FROM ticket_keys ORDER BY id");
                return new TrackerIdentity(id, keys.AsList());
            },
            cancellationToken);

    private static ECDsa Import(StoredKey stored)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(stored.PrivateKey), out _);
        return key;
    }

    private static JsonNode PublicPartOf(StoredKey stored)
    {
        using var key = Import(stored);
        var (x, y) = PointOf(key);
        return new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["x"] = x,
            ["y"] = y,
            ["use"] = "sig",
            ["alg"] = "ES256",
            ["kid"] = stored.KeyId,
        };
    }

    // RFC 7638: the hash of the key's required members, in this order, without spaces.
    private static string ThumbprintOf(ECDsa key)
    {
        var (x, y) = PointOf(key);
        return Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""")));
    }

    private static (string X, string Y) PointOf(ECDsa key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
    }

    private sealed record StoredKey(string KeyId, string PrivateKey);
}
