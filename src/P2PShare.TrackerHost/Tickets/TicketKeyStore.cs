using System.Data.Common;
using Dapper;

namespace P2PShare.TrackerHost.Tickets;

/// <summary>The rows of the keys that sign tickets.</summary>
internal static class TicketKeyStore
{
    /// <returns>In the order in which they sign.</returns>
    public static async Task<IReadOnlyList<StoredTicketKey>> ReadAsync(DbConnection connection) => (await connection.QueryAsync<StoredTicketKey>(
        "SELECT key_id AS KeyId, private_key AS PrivateKey, signs_from AS SignsFrom FROM ticket_keys ORDER BY signs_from, id")).AsList();

    /// <param name="privateKey">PKCS #8, base64.</param>
    public static Task AddAsync(DbConnection connection, string keyId, string privateKey, DateTimeOffset now, DateTimeOffset signsFrom) => connection.ExecuteAsync(
        "INSERT INTO ticket_keys (key_id, private_key, created, signs_from) VALUES (@keyId, @privateKey, @Created, @SignsFrom)",
        new { keyId, privateKey, Created = now.ToUnixTimeSeconds(), SignsFrom = signsFrom.ToUnixTimeSeconds() });

    /// <summary>Deletes the keys whose successor signed already at <paramref name="successorSignedAt"/>.</summary>
    public static Task PurgeExpiredAsync(DbConnection connection, DateTimeOffset successorSignedAt) => connection.ExecuteAsync(
        "DELETE FROM ticket_keys WHERE signs_from < (SELECT MAX(next.signs_from) FROM ticket_keys next WHERE next.signs_from < @At)",
        new { At = successorSignedAt.ToUnixTimeSeconds() });
}

/// <param name="PrivateKey">PKCS #8, base64.</param>
/// <param name="SignsFrom">Unix seconds.</param>
internal sealed record StoredTicketKey(string KeyId, string PrivateKey, long SignsFrom)
{
    public DateTimeOffset Begin => DateTimeOffset.FromUnixTimeSeconds(SignsFrom);
}
