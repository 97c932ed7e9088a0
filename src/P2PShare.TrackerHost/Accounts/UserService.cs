using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>The rules of adding and removing users, for a request as for the operator.</summary>
internal sealed class UserService(TrackerDatabase database, TimeProvider clock)
{
    /// <param name="invitation">Hash of the invitation's token, of which one use is taken off; null: none is needed.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.UserNameTaken"/> or <see cref="ErrorCode.InvalidInvitation"/>.</exception>
    public Task CreateAsync(string name, string passwordHash, string? invitation, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var now = clock.GetUtcNow();
            if (invitation is not null)
            {
                await InvitationService.UseAsync(connection, invitation, now);
            }

            if (!await UserStore.AddAsync(connection, name, passwordHash, now))
            {
                throw NameTaken(name);
            }
        },
        cancellationToken);

    public Task<StoredUser?> FindAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => UserStore.FindAsync(connection, name), cancellationToken);

    /// <summary>Sets a password whatever the current one is, ends every session and every ticket of the user, and deletes the wrong passwords that count.</summary>
    public Task ResetPasswordAsync(StoredUser user, string newHash, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            await UserStore.SetHashAsync(connection, user.Id, newHash);
            await SessionEnd.EndAllAsync(connection, user.Id);
            await RevocationStore.AddAsync(connection, user.UserId, session: null, clock.GetUtcNow());
            await LoginFailureStore.RemoveAsync(connection, user.Name);
        },
        cancellationToken);

    /// <summary>Deletes a user; memberships and shares end as if the user left each group.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.UserOwnsGroups"/>.</exception>
    public Task RemoveAsync(CurrentUser user, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            await SessionService.RequireAsync(connection, user);
            await RemoveAsync(connection, user.Id, user.Name);
        },
        cancellationToken);

    /// <summary>The same for the operator.</summary>
    /// <inheritdoc cref="RemoveAsync(CurrentUser, CancellationToken)" path="/exception"/>
    public Task RemoveAsync(StoredUser user, CancellationToken cancellationToken) =>
        database.WriteAsync(connection => RemoveAsync(connection, user.Id, user.Name), cancellationToken);

    public static P2PShareException NameTaken(string name) =>
        new(ErrorCode.UserNameTaken, $"A user called '{name}' exists already: choose another name, or log in if it is you.");

    private async Task RemoveAsync(DbConnection connection, long user, string name)
    {
        var owned = (await GroupStore.FindOwnedAsync(connection, user)).ToList();
        if (owned.Count > 0)
        {
            throw OwnsGroups(name, owned);
        }

        foreach (var group in await MemberStore.FindGroupsAsync(connection, user))
        {
            await GroupService.EndMembershipAsync(connection, group, user, GroupEventKind.MemberLeft, clock.GetUtcNow());
            while (await EndedMembershipStore.SweepAsync(connection, group, user, clock.GetUtcNow()))
            {
            }
        }

        await UserStore.RemoveAsync(connection, user);
    }

    private static P2PShareException OwnsGroups(string name, List<string> owned)
    {
        const int MostNamed = 10;
        var names = string.Join(", ", owned.Take(MostNamed).Select(group => $"'{group}'"));
        var more = owned.Count > MostNamed ? $" and {owned.Count - MostNamed} more" : "";
        return new P2PShareException(
            ErrorCode.UserOwnsGroups, $"'{name}' owns {names}{more}: hand each over to another member, or delete it, before the user can be deleted.");
    }
}
