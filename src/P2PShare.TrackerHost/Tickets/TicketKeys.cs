using System.Buffers.Text;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.IdentityModel.Tokens;
using P2PShare.Protocol.Tickets;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Tickets;

/// <summary>
/// The keys that sign tickets. They are in the database, for all instances: a new one is published some time before it
/// signs, so that every instance and many sources know it by then, and an old one until its tickets have expired.
/// </summary>
internal sealed class TicketKeys
{
    /// <summary>How long a key is published before it signs: longer than the longest announce interval, in which each instance looks for new ones.</summary>
    public static readonly TimeSpan PublishedBefore = TimeSpan.FromHours(2);

    private readonly Guid _tracker;
    private readonly TrackerDatabase _database;
    private readonly TrackerOptions _options;
    private readonly TimeProvider _clock;
    private volatile IReadOnlyList<(DateTimeOffset SignsFrom, TicketIssuer Issuer)> _issuers = [];

    private TicketKeys(Guid tracker, TrackerDatabase database, TrackerOptions options, TimeProvider clock)
    {
        _tracker = tracker;
        _database = database;
        _options = options;
        _clock = clock;
    }

    /// <summary>Signs with the key whose time it is.</summary>
    public TicketIssuer Issuer
    {
        get
        {
            var now = _clock.GetUtcNow();
            // The first one where none has begun: another instance that made it may be ahead by some seconds.
            return (_issuers.LastOrDefault(key => key.SignsFrom <= now).Issuer) ?? _issuers[0].Issuer;
        }
    }

    public static async Task<TicketKeys> LoadOrCreateAsync(
        Guid tracker, TrackerDatabase database, TrackerOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        var keys = new TicketKeys(tracker, database, options, clock);
        await keys.RotateAsync(cancellationToken);
        return keys;
    }

    /// <summary>The public parts of all keys, as a JSON Web Key Set (RFC 7517); those that another instance has just made included.</summary>
    public async Task<string> ReadPublicAsync(CancellationToken cancellationToken)
    {
        var keys = await _database.ReadAsync(ReadAsync, cancellationToken);
        return new JsonObject { ["keys"] = new JsonArray([.. keys.Select(PublicPartOf)]) }.ToJsonString();
    }

    /// <summary>Makes the next key when it has to be published, deletes those whose tickets have expired, and learns what other instances made.</summary>
    public async Task RotateAsync(CancellationToken cancellationToken)
    {
        var keys = await _database.WriteAsync(RotateAsync, cancellationToken);
        // Made once more from their bytes for the issuers, which keep them for as long as the process lives.
        _issuers = [.. keys.Select(key => (key.Begin, new TicketIssuer(_tracker, new ECDsaSecurityKey(Import(key)) { KeyId = key.KeyId })))];
    }

    private async Task<IReadOnlyList<StoredKey>> RotateAsync(DbConnection connection)
    {
        var now = _clock.GetUtcNow();
        var keys = await ReadAsync(connection);
        if (keys.Count == 0)
        {
            await AddAsync(connection, now, now);
        }
        else if (now >= keys[^1].Begin + _options.TicketKeyLifetime - PublishedBefore)
        {
            await AddAsync(connection, now, now + PublishedBefore);
        }

        // An instance that has not looked for a while may have signed with the old key a little longer.
        var over = now - _options.TicketLifetime - TicketValidator.ClockSkew - PublishedBefore;
        await connection.ExecuteAsync(
            "DELETE FROM ticket_keys WHERE signs_from < (SELECT MAX(next.signs_from) FROM ticket_keys next WHERE next.signs_from < @Over)",
            new { Over = over.ToUnixTimeSeconds() });
        return await ReadAsync(connection);
    }

    private static async Task<IReadOnlyList<StoredKey>> ReadAsync(DbConnection connection) => (await connection.QueryAsync<StoredKey>(
        "SELECT key_id AS KeyId, private_key AS PrivateKey, signs_from AS SignsFrom FROM ticket_keys ORDER BY signs_from, id")).AsList();

    private static async Task AddAsync(DbConnection connection, DateTimeOffset now, DateTimeOffset signsFrom)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await connection.ExecuteAsync(
            "INSERT INTO ticket_keys (key_id, private_key, created, signs_from) VALUES (@KeyId, @PrivateKey, @Created, @SignsFrom)",
            new
            {
                KeyId = ThumbprintOf(key),
                PrivateKey = Convert.ToBase64String(key.ExportPkcs8PrivateKey()),
                Created = now.ToUnixTimeSeconds(),
                SignsFrom = signsFrom.ToUnixTimeSeconds(),
            });
    }

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

    private sealed record StoredKey(string KeyId, string PrivateKey, long SignsFrom)
    {
        public DateTimeOffset Begin => DateTimeOffset.FromUnixTimeSeconds(SignsFrom);
    }
}
