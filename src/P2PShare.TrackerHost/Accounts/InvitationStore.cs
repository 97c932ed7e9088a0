using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>Invitations to make an account: a token that the operator hands out, good for so many accounts until some day.</summary>
internal sealed class InvitationStore(TrackerDatabase database, TimeProvider clock)
{
    /// <summary>Characters of the token's hash that name an invitation where its token must not be seen.</summary>
    public const int IdLength = 12;

    /// <param name="uses">Accounts that it is good for.</param>
    public async Task<(string Token, string Id, DateTimeOffset Expires)> CreateAsync(int uses, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var token = SecretToken.New();
        var hash = SecretToken.HashOf(token);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var expires = now + (long)lifetime.TotalSeconds;
        await database.WriteAsync(
            connection => connection.ExecuteAsync(
                "INSERT INTO invitations (token_hash, uses_left, created, expires) VALUES (@hash, @Uses, @now, @expires)",
                new { hash, Uses = (long)uses, now, expires }),
            cancellationToken);
        return (token, IdOf(hash), DateTimeOffset.FromUnixTimeSeconds(expires));
    }

    /// <summary>Makes an invitation void.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> WithdrawAsync(string id, CancellationToken cancellationToken) => await database.WriteAsync(
        connection => connection.ExecuteAsync(
            "DELETE FROM invitations WHERE SUBSTR(token_hash, 1, @IdLength) = @id", new { IdLength, id }),
        cancellationToken) > 0;

    /// <summary>Looks whether a token is an invitation that still counts; <see cref="UseAsync"/> decides.</summary>
    /// <returns>Its hash.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidInvitation"/>.</exception>
    public async Task<string> RequireAsync(string? token, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(token))
        {
            throw Invalid("This tracker makes accounts for those who are invited: ask its operator for an invitation.");
        }

        var hash = token.Length > SecretToken.MaxLength ? "" : SecretToken.HashOf(token);
        var found = await database.ReadAsync(
            connection => connection.ExecuteScalarAsync<long>(
                "SELECT COUNT(*) FROM invitations WHERE token_hash = @hash AND uses_left > 0 AND expires > @Now", Row(hash, clock)),
            cancellationToken);
        return found > 0 ? hash : throw NoLonger();
    }

    /// <summary>Takes one use off an invitation, in the transaction that makes the account.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidInvitation"/>.</exception>
    public static async Task UseAsync(DbConnection connection, string hash, TimeProvider clock)
    {
        if (await connection.ExecuteAsync(
            "UPDATE invitations SET uses_left = uses_left - 1 WHERE token_hash = @hash AND uses_left > 0 AND expires > @Now", Row(hash, clock)) == 0)
        {
            throw NoLonger();
        }
    }

    public static Task<int> ForgetAsync(DbConnection connection, DateTimeOffset now) => connection.ExecuteAsync(
        "DELETE FROM invitations WHERE uses_left <= 0 OR expires <= @Now", new { Now = now.ToUnixTimeSeconds() });

    public static string IdOf(string hash) => hash[..IdLength];

    private static object Row(string hash, TimeProvider clock) => new { hash, Now = clock.GetUtcNow().ToUnixTimeSeconds() };

    // One answer for all: who tries tokens learns nothing of them.
    private static P2PShareException NoLonger() => Invalid("The invitation does not count: it is wrong, used up or expired. Ask the tracker's operator for another one.");

    private static P2PShareException Invalid(string message) => new(ErrorCode.InvalidInvitation, message);
}
