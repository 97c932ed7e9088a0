using System.Buffers.Text;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using P2PShare.Protocol.Tickets;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Tickets;

/// <summary>
/// The keys that sign tickets. They are in the database, for all instances: a new one is published some time before it
/// signs, so that every instance and many sources know it by then, and an old one until its tickets have expired.
/// </summary>
internal sealed class TicketKeys
{
    /// <summary>How long a key is published before it signs: longer than the longest announce interval, in which each instance reads the keys again.</summary>
    public static readonly TimeSpan PublishedBefore = TimeSpan.FromHours(2);

    private readonly Guid _tracker;
    private readonly TrackerDatabase _database;
    private readonly TicketOptions _options;
    private readonly TimeProvider _clock;
    private volatile IReadOnlyList<(DateTimeOffset SignsFrom, TicketIssuer Issuer)> _issuers = [];

    private TicketKeys(Guid tracker, TrackerDatabase database, TicketOptions options, TimeProvider clock)
    {
        _tracker = tracker;
        _database = database;
        _options = options;
        _clock = clock;
    }

    /// <summary>Signs with the current key.</summary>
    public TicketIssuer Issuer
    {
        get
        {
            var now = _clock.GetUtcNow();
            // The first key if none has begun: the clock of the instance that created it may be some seconds ahead.
            return (_issuers.LastOrDefault(key => key.SignsFrom <= now).Issuer) ?? _issuers[0].Issuer;
        }
    }

    public static async Task<TicketKeys> LoadOrCreateAsync(
        Guid tracker, TrackerDatabase database, TicketOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        var keys = new TicketKeys(tracker, database, options, clock);
        await keys.RotateAsync(cancellationToken);
        return keys;
    }

    /// <summary>The public parts of all keys, as a JSON Web Key Set (RFC 7517); those that another instance has just created included.</summary>
    public async Task<string> ReadPublicAsync(CancellationToken cancellationToken)
    {
        var keys = await _database.ReadAsync(TicketKeyStore.ReadAsync, cancellationToken);
        return new JsonObject { ["keys"] = new JsonArray([.. keys.Select(PublicPartOf)]) }.ToJsonString();
    }

    /// <summary>Creates the next key when it has to be published, deletes those whose tickets have expired, and reads what other instances created.</summary>
    public async Task RotateAsync(CancellationToken cancellationToken)
    {
        var keys = await _database.WriteAsync([WriteLock.TicketKeys], RotateAsync, cancellationToken);
        // Imported anew for the issuers, which keep them for as long as the process lives.
        _issuers = [.. keys.Select(key => (key.Begin, new TicketIssuer(_tracker, new ECDsaSecurityKey(Import(key)) { KeyId = key.KeyId })))];
    }

    private async Task<IReadOnlyList<StoredTicketKey>> RotateAsync(DbConnection connection)
    {
        var now = _clock.GetUtcNow();
        var keys = await TicketKeyStore.ReadAsync(connection);
        if (keys.Count == 0)
        {
            await AddAsync(connection, now, now);
        }
        else if (now >= keys[^1].Begin + _options.TicketKeyLifetime - PublishedBefore)
        {
            await AddAsync(connection, now, now + PublishedBefore);
        }

        // An instance that has not read the keys for a while may have signed with the old one a little longer.
        await TicketKeyStore.PurgeExpiredAsync(connection, now - _options.TicketLifetime - TicketValidator.ClockSkew - PublishedBefore);
        return await TicketKeyStore.ReadAsync(connection);
    }

    private static async Task AddAsync(DbConnection connection, DateTimeOffset now, DateTimeOffset signsFrom)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await TicketKeyStore.AddAsync(
            connection,
            Base64Url.EncodeToString(new ECDsaSecurityKey(key).ComputeJwkThumbprint()),
            Convert.ToBase64String(key.ExportPkcs8PrivateKey()),
            now,
            signsFrom);
    }

    private static ECDsa Import(StoredTicketKey stored)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(stored.PrivateKey), out _);
        return key;
    }

    private static JsonNode PublicPartOf(StoredTicketKey stored)
    {
        using var key = Import(stored);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["x"] = Base64Url.EncodeToString(point.X),
            ["y"] = Base64Url.EncodeToString(point.Y),
            ["use"] = "sig",
            ["alg"] = "ES256",
            ["kid"] = stored.KeyId,
        };
    }
}
