using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>The rules of adding and removing users, for a request as for the operator.</summary>
internal sealed class UserService(TrackerDatabase database, TimeProvider clock)
{
    private const int MaxGroupsAtOnce = 100;

    /// <param name="invitation">Hash of the invitation's token, of which one use is taken off; null: none is needed.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.UserNameTaken"/> or <see cref="ErrorCode.InvalidInvitation"/>.</exception>
    public Task CreateAsync(string name, string passwordHash, string? invitation, CancellationToken cancellationToken) => database.WriteAsync(
        [WriteLock.User(name)],
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
        [WriteLock.User(user.Name)],
        async connection =>
        {
            await UserStore.SetHashAsync(connection, user.Id, newHash);
            await SessionEnd.EndAllAsync(connection, user.Id);
            await RevocationStore.AddAsync(connection, user.UserId, session: null, clock.GetUtcNow());
            await LoginFailureStore.RemoveAsync(connection, user.Name);
        },
        cancellationToken);

    /// <summary>
    /// Deletes a user; memberships and shares end as if the user left each group. They and the peers may be many: sessions and the name end at
    /// once, the rest some at a time, each part in a write of its own.
    /// </summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.UserOwnsGroups"/>.</exception>
    public async Task RemoveAsync(CurrentUser user, CancellationToken cancellationToken)
    {
        await EndAsync(user.Id, user.Name, connection => SessionService.RequireAsync(connection, user), cancellationToken);
        await RemoveRestAsync(user.Id, cancellationToken);
    }

    /// <summary>The same for the operator.</summary>
    /// <inheritdoc cref="RemoveAsync(CurrentUser, CancellationToken)" path="/exception"/>
    public async Task RemoveAsync(StoredUser user, CancellationToken cancellationToken)
    {
        await EndAsync(user.Id, user.Name, _ => Task.CompletedTask, cancellationToken);
        await RemoveRestAsync(user.Id, cancellationToken);
    }

    /// <summary>Removes what deleted users left, if a deletion was interrupted.</summary>
    public async Task SweepAllAsync(CancellationToken cancellationToken)
    {
        while (await database.ReadAsync(UserStore.FindEndedAsync, cancellationToken) is { } user)
        {
            await RemoveRestAsync(user, cancellationToken);
        }
    }

    /// <summary>
    /// Removes some of what a deleted user left, in one write. Does nothing to a user who was not deleted: SQLite gives the number of a removed row to a new one.
    /// </summary>
    /// <returns>Whether more is left of it.</returns>
    public async Task<bool> SweepAsync(long user, CancellationToken cancellationToken)
    {
        if (await FindGroupsAsync(user, cancellationToken) is { Count: > 0 } groups)
        {
            return await WriteAsync([.. groups.Select(group => WriteLock.Group(group.Name))], connection => EndMembershipsAsync(connection, user, groups));
        }

        foreach (var left in await database.ReadAsync(connection => EndedMembershipStore.FindAsync(connection, user), cancellationToken))
        {
            if (await WriteAsync([WriteLock.Group(left.GroupName)], connection => EndedMembershipStore.SweepAsync(connection, left.GroupId, user, clock.GetUtcNow())))
            {
                return true;
            }
        }

        // What the user owned or had in a deleted group goes with it, some at a time, and not with the user's row.
        if (await database.ReadAsync(connection => GroupStore.FindEndedAsync(connection, user), cancellationToken) is { } removed)
        {
            await GroupRemoval.CompleteAsync(database, removed, cancellationToken);
            return true;
        }

        return await WriteAsync(
            [],
            async connection =>
            {
                if (await PeerStore.RemoveSomeOfUserAsync(connection, user))
                {
                    return true;
                }

                await UserStore.RemoveAsync(connection, user);
                return false;
            });

        Task<bool> WriteAsync(IReadOnlyCollection<WriteLock> locks, Func<DbConnection, Task<bool>> write) => database.WriteAsync(
            locks, async connection => await UserStore.IsEndedAsync(connection, user) && await write(connection), cancellationToken);
    }

    public static P2PShareException NameTaken(string name) =>
        new(ErrorCode.UserNameTaken, $"A user called '{name}' exists already: choose another name, or log in if it is you.");

    private async Task EndAsync(long user, string name, Func<DbConnection, Task> check, CancellationToken cancellationToken)
    {
        var groups = await FindGroupsAsync(user, cancellationToken);
        await database.WriteAsync(
            [WriteLock.User(name), .. groups.Select(group => WriteLock.Group(group.Name))],
            async connection =>
            {
                await check(connection);
                var owned = (await GroupStore.FindOwnedAsync(connection, user)).ToList();
                if (owned.Count > 0)
                {
                    throw OwnsGroups(name, owned);
                }

                if (await UserStore.EndAsync(connection, user))
                {
                    await SessionEnd.EndAllAsync(connection, user);
                    // With the first memberships, which are all that most users have, tickets and events end in this write.
                    await EndMembershipsAsync(connection, user, groups);
                }
            },
            cancellationToken);
    }

    // What is left if it is interrupted, a purge removes.
    private async Task RemoveRestAsync(long user, CancellationToken cancellationToken)
    {
        while (await SweepAsync(user, cancellationToken))
        {
        }
    }

    private Task<IReadOnlyList<(long Id, string Name)>> FindGroupsAsync(long user, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => MemberStore.FindGroupsAsync(connection, user, MaxGroupsAtOnce), cancellationToken);

    private async Task<bool> EndMembershipsAsync(DbConnection connection, long user, IReadOnlyList<(long Id, string Name)> groups)
    {
        foreach (var group in groups)
        {
            await GroupService.EndMembershipAsync(connection, group.Id, user, GroupEventKind.MemberLeft, clock.GetUtcNow());
        }

        return true;
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
