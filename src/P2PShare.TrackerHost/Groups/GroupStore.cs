using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Groups;

/// <summary>The rows of groups, members and join requests, and the rules between them.</summary>
internal sealed class GroupStore(TrackerDatabase database, TrackerOptions options, TimeProvider clock)
{
    private const string SelectGroups =
        """
        SELECT g.name AS Name, o.name AS Owner,
            (SELECT COUNT(*) FROM members m WHERE m.group_id = g.id) AS MemberCount,
            CASE WHEN g.owner_id = @user THEN 'Owner'
                WHEN EXISTS (SELECT 1 FROM members m WHERE m.group_id = g.id AND m.user_id = @user) THEN 'Member'
                WHEN EXISTS (SELECT 1 FROM join_requests r WHERE r.group_id = g.id AND r.user_id = @user) THEN 'Requested'
                ELSE 'None' END AS Role,
            g.created AS Created
        FROM groups g JOIN users o ON o.id = g.owner_id
        """;

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidGroupName"/> or <see cref="ErrorCode.GroupNameTaken"/>.</exception>
    public async Task<GroupResponse> CreateAsync(CurrentUser user, string name, CancellationToken cancellationToken)
    {
        AccountName.CheckGroup(name);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        return await database.WriteAsync(
            async connection =>
            {
                await SessionStore.RequireAsync(connection, user);
                var group = await connection.QuerySingleOrDefaultAsync<long?>(
                    """
                    INSERT INTO groups (name_key, name, owner_id, created) VALUES (@Key, @name, @Owner, @now)
                    ON CONFLICT (name_key) DO NOTHING RETURNING id
                    """,
                    new { Key = AccountName.Key(name), name, Owner = user.Id, now });
                if (group is null)
                {
                    throw new P2PShareException(ErrorCode.GroupNameTaken, $"A group called '{name}' exists already: choose another name, or ask to join it.");
                }

                await connection.ExecuteAsync(
                    "INSERT INTO members (group_id, user_id, joined) VALUES (@group, @Owner, @now)", new { group, Owner = user.Id, now });
                await Quotas.AddGroupAsync(connection, user.Id, user.Name, options);
                return new GroupResponse(name, user.Name, MemberCount: 1, GroupRole.Owner, DateTimeOffset.FromUnixTimeSeconds(now));
            },
            cancellationToken);
    }

    public Task<IReadOnlyList<GroupResponse>> ListAsync(CurrentUser user, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<GroupResponse>>(
            async connection =>
            {
                var rows = await connection.QueryAsync<Row>(SelectGroups + " ORDER BY g.name_key", new { user = user.Id });
                return [.. rows.Select(row => row.ToResponse())];
            },
            cancellationToken);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/>.</exception>
    public Task<GroupResponse> GetAsync(CurrentUser user, string group, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => GetAsync(connection, user, group), cancellationToken);

    /// <summary>Deletes a group and all that is in it.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotOwner"/>.</exception>
    public Task RemoveAsync(CurrentUser user, string group, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var membership = await Membership.RequireOwnerAsync(connection, group, user, "delete it");
            var now = clock.GetUtcNow();
            await RevocationStore.AddAllAsync(connection, membership.GroupId, now);
            await EventStore.TellOfRemovalAsync(connection, membership, user.Name, now);
            return await connection.ExecuteAsync("DELETE FROM groups WHERE id = @GroupId", membership);
        },
        cancellationToken);

    /// <summary>Hands a group over to another member; the former owner stays a member.</summary>
    /// <returns>The group as it is now.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/> or <see cref="ErrorCode.MemberNotFound"/>.
    /// </exception>
    public Task<GroupResponse> SetOwnerAsync(CurrentUser user, string group, string owner, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var membership = await Membership.RequireOwnerAsync(connection, group, user, "hand it over");
            // What cannot be a name is not looked for: PostgreSQL knows no text with a zero in it.
            var changed = AccountName.FindProblem(owner) is not null ? 0 : await connection.ExecuteAsync(
                """
                UPDATE groups SET owner_id = (SELECT id FROM users WHERE name_key = @Key)
                WHERE id = @GroupId AND EXISTS (SELECT 1 FROM members m JOIN users u ON u.id = m.user_id
                    WHERE m.group_id = groups.id AND u.name_key = @Key)
                """,
                new { membership.GroupId, Key = AccountName.Key(owner) });
            if (changed == 0)
            {
                throw MemberNotFound(owner, membership, ": only a member can become its owner");
            }

            var now = await GetAsync(connection, user, group);
            if (now.Role != GroupRole.Owner)
            {
                await Quotas.AddGroupAsync(connection, (await UserIdAsync(connection, owner))!.Value, now.Owner, options);
                await EventStore.TellMembersAsync(connection, GroupEventKind.OwnerChanged, membership.GroupId, now.Owner, clock.GetUtcNow());
            }

            return now;
        },
        cancellationToken);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public Task<IReadOnlyList<MemberResponse>> ListMembersAsync(CurrentUser user, string group, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<MemberResponse>>(
            async connection =>
            {
                var membership = await Membership.RequireMemberAsync(connection, group, user);
                var rows = await connection.QueryAsync<(long Id, string UserName, long Joined)>(
                    "SELECT u.id, u.name, m.joined FROM members m JOIN users u ON u.id = m.user_id WHERE m.group_id = @GroupId ORDER BY u.name_key",
                    membership);
                return
                [
                    .. rows.Select(row => new MemberResponse(
                        membership.GroupName,
                        row.UserName,
                        row.Id == membership.OwnerId ? GroupRole.Owner : GroupRole.Member,
                        DateTimeOffset.FromUnixTimeSeconds(row.Joined))),
                ];
            },
            cancellationToken);

    /// <summary>Ends a membership: one's own, or another's where the asker owns the group.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/>, <see cref="ErrorCode.OwnerCannotLeave"/>,
    /// <see cref="ErrorCode.NotMember"/> of oneself or <see cref="ErrorCode.MemberNotFound"/> of another.
    /// </exception>
    public Task RemoveMemberAsync(CurrentUser user, string group, string member, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var self = AccountName.Key(member) == AccountName.Key(user.Name);
            var membership = self
                ? await Membership.GetAsync(connection, group, user)
                : await Membership.RequireOwnerAsync(connection, group, user, "remove another member");
            var id = self ? user.Id : await UserIdAsync(connection, member);
            if (id == membership.OwnerId)
            {
                throw new P2PShareException(
                    ErrorCode.OwnerCannotLeave, $"The owner of '{membership.GroupName}' cannot leave it: its members would have nobody to approve requests.");
            }

            var kind = self ? GroupEventKind.MemberLeft : GroupEventKind.MemberRemoved;
            if (id is null || !await Membership.EndAsync(connection, membership.GroupId, id.Value, kind, clock.GetUtcNow()))
            {
                throw self
                    ? Membership.NotMember($"You are not a member of '{membership.GroupName}'.")
                    : MemberNotFound(member, membership);
            }

            return true;
        },
        cancellationToken);

    /// <returns>The request, and whether it is a new one.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.AlreadyMember"/>.</exception>
    public Task<(JoinRequestResponse Request, bool IsNew)> RequestToJoinAsync(CurrentUser user, string group, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async connection =>
            {
                await SessionStore.RequireAsync(connection, user);
                var membership = await Membership.GetAsync(connection, group, user);
                if (membership.IsMember > 0)
                {
                    throw new P2PShareException(ErrorCode.AlreadyMember, $"You are a member of '{membership.GroupName}' already.");
                }

                var now = clock.GetUtcNow();
                var key = new { Group = membership.GroupId, User = user.Id, Now = now.ToUnixTimeSeconds() };
                var added = await connection.ExecuteAsync(
                    "INSERT INTO join_requests (group_id, user_id, requested) VALUES (@Group, @User, @Now) ON CONFLICT (group_id, user_id) DO NOTHING", key);
                if (added == 1)
                {
                    await Quotas.AddJoinRequestAsync(connection, user.Id, options);
                    await EventStore.TellOwnerAsync(connection, GroupEventKind.JoinRequest, membership.GroupId, user.Name, now);
                }

                var requested = await connection.QuerySingleAsync<long>(
                    "SELECT requested FROM join_requests WHERE group_id = @Group AND user_id = @User", key);
                return (new JoinRequestResponse(membership.GroupName, user.Name, DateTimeOffset.FromUnixTimeSeconds(requested)), added == 1);
            },
            cancellationToken);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotOwner"/>.</exception>
    public Task<IReadOnlyList<JoinRequestResponse>> ListRequestsAsync(CurrentUser user, string group, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<JoinRequestResponse>>(
            async connection =>
            {
                var membership = await Membership.RequireOwnerAsync(connection, group, user, "see who asks to join");
                var rows = await connection.QueryAsync<(string UserName, long Requested)>(
                    """
                    SELECT u.name, r.requested FROM join_requests r JOIN users u ON u.id = r.user_id
                    WHERE r.group_id = @GroupId ORDER BY r.requested, u.name_key
                    """,
                    membership);
                return [.. rows.Select(row => new JoinRequestResponse(membership.GroupName, row.UserName, DateTimeOffset.FromUnixTimeSeconds(row.Requested)))];
            },
            cancellationToken);

    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/> or <see cref="ErrorCode.JoinRequestNotFound"/>.
    /// </exception>
    public Task ApproveAsync(CurrentUser user, string group, string asker, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var membership = await Membership.RequireOwnerAsync(connection, group, user, "approve a join request");
            var (id, name) = await TakeRequestAsync(connection, membership, asker);
            var now = clock.GetUtcNow();
            await connection.ExecuteAsync(
                "INSERT INTO members (group_id, user_id, joined) VALUES (@GroupId, @id, @Now)",
                new { membership.GroupId, id, Now = now.ToUnixTimeSeconds() });
            await Quotas.AddMemberAsync(connection, membership.GroupId, membership.GroupName, options);
            await EventStore.TellMembersAsync(connection, GroupEventKind.JoinApproved, membership.GroupId, name, now);
            return true;
        },
        cancellationToken);

    /// <summary>Denies a request, as the owner, or withdraws one's own.</summary>
    /// <inheritdoc cref="ApproveAsync" path="/exception"/>
    public Task DenyAsync(CurrentUser user, string group, string asker, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var membership = AccountName.Key(asker) == AccountName.Key(user.Name)
                ? await Membership.GetAsync(connection, group, user)
                : await Membership.RequireOwnerAsync(connection, group, user, "deny another's join request");
            var (id, name) = await TakeRequestAsync(connection, membership, asker);
            var now = clock.GetUtcNow();
            await EventStore.TellOwnerAsync(connection, GroupEventKind.JoinDenied, membership.GroupId, name, now);
            await EventStore.TellUserAsync(connection, GroupEventKind.JoinDenied, membership.GroupId, id, name, now);
            return true;
        },
        cancellationToken);

    private static async Task<(long Id, string Name)> TakeRequestAsync(DbConnection connection, Membership membership, string asker)
    {
        var id = await connection.QuerySingleOrDefaultAsync<long?>(
            """
            DELETE FROM join_requests WHERE group_id = @GroupId AND user_id = (SELECT id FROM users WHERE name_key = @Key)
            RETURNING user_id
            """,
            new { membership.GroupId, Key = AccountName.Key(asker) })
            ?? throw new P2PShareException(
                ErrorCode.JoinRequestNotFound,
                $"'{PrintableCharacter.Clean(asker)}' does not ask to join '{membership.GroupName}': the request was answered or withdrawn, or never made.");
        return (id, await connection.QuerySingleAsync<string>("SELECT name FROM users WHERE id = @id", new { id }));
    }

    private static P2PShareException MemberNotFound(string user, Membership membership, string why = "") => new(
        ErrorCode.MemberNotFound, $"'{PrintableCharacter.Clean(user)}' is not a member of '{membership.GroupName}'{why}.");

    private static Task<long?> UserIdAsync(DbConnection connection, string name) =>
        connection.QuerySingleOrDefaultAsync<long?>("SELECT id FROM users WHERE name_key = @Key", new { Key = AccountName.Key(name) });

    private static async Task<GroupResponse> GetAsync(DbConnection connection, CurrentUser user, string group)
    {
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            SelectGroups + " WHERE g.name_key = @Key", new { user = user.Id, Key = AccountName.Key(group) });
        return row?.ToResponse()
            ?? throw new P2PShareException(ErrorCode.GroupNotFound, $"There is no group called '{PrintableCharacter.Clean(group)}'.");
    }

    // Properties, not a constructor: of a result without rows SQLite cannot tell the types that a constructor is chosen by.
    private sealed class Row
    {
        public required string Name { get; init; }

        public required string Owner { get; init; }

        public required long MemberCount { get; init; }

        public required string Role { get; init; }

        public required long Created { get; init; }

        public GroupResponse ToResponse() =>
            new(Name, Owner, (int)MemberCount, Enum.Parse<GroupRole>(Role), DateTimeOffset.FromUnixTimeSeconds(Created));
    }
}
