using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>Invitations to create an account: a token that the operator hands out, good for N accounts until it expires.</summary>
internal sealed class InvitationService(TrackerDatabase database, TimeProvider clock)
{
    /// <param name="uses">Accounts that it is good for.</param>
    public async Task<(string Token, string Id, DateTimeOffset Expires)> CreateAsync(int uses, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var token = SecretToken.New();
        var hash = SecretToken.HashOf(token);
        var now = clock.GetUtcNow();
        var expires = DateTimeOffset.FromUnixTimeSeconds((now + lifetime).ToUnixTimeSeconds());
        await database.WriteAsync(connection => InvitationStore.AddAsync(connection, hash, uses, now, expires), cancellationToken);
        return (token, InvitationStore.IdOf(hash), expires);
    }

    /// <summary>Withdraws an invitation.</summary>
    /// <returns>Whether there was one.</returns>
    public Task<bool> WithdrawAsync(string id, CancellationToken cancellationToken) =>
        database.WriteAsync(connection => InvitationStore.RemoveAsync(connection, id), cancellationToken);

    /// <summary>Checks that a token is a valid invitation; <see cref="UseAsync"/> decides.</summary>
    /// <returns>Its hash.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidInvitation"/>.</exception>
    public async Task<string> RequireAsync(string? token, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(token))
        {
            throw new P2PShareException(
                ErrorCode.InvalidInvitation, "This tracker creates accounts for invited people only: ask its operator for an invitation.");
        }

        var hash = token.Length > SecretToken.MaxLength ? "" : SecretToken.HashOf(token);
        return await database.ReadAsync(connection => InvitationStore.IsValidAsync(connection, hash, clock.GetUtcNow()), cancellationToken)
            ? hash
            : throw NotValid();
    }

    /// <summary>Takes one use off an invitation, in the transaction that creates the account.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidInvitation"/>.</exception>
    public static async Task UseAsync(DbConnection connection, string hash, DateTimeOffset now)
    {
        if (!await InvitationStore.TakeUseAsync(connection, hash, now))
        {
            throw NotValid();
        }
    }

    // One answer for all: a caller who tries tokens learns nothing about them.
    private static P2PShareException NotValid() => new(
        ErrorCode.InvalidInvitation, "The invitation does not count: it is wrong, used up or expired. Ask the tracker's operator for another one.");
}
