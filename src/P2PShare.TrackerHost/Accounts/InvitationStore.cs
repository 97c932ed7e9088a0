using System.Data.Common;
using Dapper;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>The rows of invitations: of a token only its hash.</summary>
internal static class InvitationStore
{
    /// <summary>Characters of the token's hash that identify an invitation where its token must not be seen.</summary>
    private const int IdLength = 12;

    public static Task AddAsync(DbConnection connection, string hash, int uses, DateTimeOffset now, DateTimeOffset expires) => connection.ExecuteAsync(
        "INSERT INTO invitations (token_hash, uses_left, created, expires) VALUES (@hash, @Uses, @Now, @Expires)",
        new { hash, Uses = (long)uses, Now = now.ToUnixTimeSeconds(), Expires = expires.ToUnixTimeSeconds() });

    /// <returns>Whether there was one of that id.</returns>
    public static async Task<bool> RemoveAsync(DbConnection connection, string id) => await connection.ExecuteAsync(
        "DELETE FROM invitations WHERE SUBSTR(token_hash, 1, @IdLength) = @id", new { IdLength, id }) > 0;

    public static async Task<bool> IsValidAsync(DbConnection connection, string hash, DateTimeOffset now) => await connection.ExecuteScalarAsync<long>(
        "SELECT COUNT(*) FROM invitations WHERE token_hash = @hash AND uses_left > 0 AND expires > @Now", new { hash, Now = now.ToUnixTimeSeconds() }) > 0;

    /// <summary>Takes one use off an invitation.</summary>
    /// <returns>Whether it had one left and has not expired.</returns>
    public static async Task<bool> TakeUseAsync(DbConnection connection, string hash, DateTimeOffset now) => await connection.ExecuteAsync(
        "UPDATE invitations SET uses_left = uses_left - 1 WHERE token_hash = @hash AND uses_left > 0 AND expires > @Now",
        new { hash, Now = now.ToUnixTimeSeconds() }) > 0;

    public static Task PurgeExpiredAsync(DbConnection connection, DateTimeOffset now) => connection.ExecuteAsync(
        "DELETE FROM invitations WHERE uses_left <= 0 OR expires <= @Now", new { Now = now.ToUnixTimeSeconds() });

    public static string IdOf(string hash) => hash[..IdLength];
}
