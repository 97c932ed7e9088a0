using System.Data.Common;
using System.Text.Json;
using Dapper;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Events;

/// <summary>The rows of events. They are written in the transaction of the change that they report.</summary>
internal static class EventStore
{
    /// <summary>Most events in one result of <see cref="ReadAsync(DbConnection, long, long)"/>.</summary>
    public const int PageSize = 1000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private const string SelectEvents =
        """
        SELECT e.id AS Id, e.kind AS Kind, e.group_id AS GroupId, e.group_guid AS GroupGuid, e.group_name AS GroupName, e.user_name AS UserName, e.file_name AS FileName,
            e.owner_only AS OwnerOnly, e.recipient_id AS RecipientId, e.members_until AS MembersUntil, e.created AS Created, g.owner_id AS OwnerId
        FROM events e LEFT JOIN groups g ON g.id = e.group_id
        WHERE e.id > @after AND (e.group_id IS NULL OR g.id IS NOT NULL)
        """;

    /// <summary>Adds an event for the members of a group.</summary>
    public static Task AddForMembersAsync(
        DbConnection connection, GroupEventKind kind, long group, string userName, DateTimeOffset now, string? fileName = null) =>
        AddAsync(connection, kind, group, userName, now, fileName);

    /// <summary>Adds an event for the members of a group for each file that was shared, or that is not there any more.</summary>
    public static async Task AddForFilesAsync(
        DbConnection connection, GroupEventKind kind, long group, string userName, DateTimeOffset now, IReadOnlyList<string> fileNames)
    {
        if (fileNames.Count == 0)
        {
            return;
        }

        var first = await connection.TakeNumbersAsync(fileNames.Count);
        var rows = connection.Rows("@rows", ("number", "BIGINT"), ("name", "TEXT"));
        await connection.ExecuteAsync(
            $"""
            INSERT INTO events (id, kind, group_id, group_guid, group_name, user_name, file_name, owner_only, created)
            SELECT @first + r.number, @Kind, g.id, g.guid, g.name, @userName, r.name, 0, @Created FROM {rows} CROSS JOIN groups g WHERE g.id = @group
            """,
            new
            {
                first,
                Kind = $"{kind}",
                userName,
                group,
                Created = now.ToUnixTimeSeconds(),
                rows = JsonSerializer.Serialize(fileNames.Select((name, number) => new { number, name })),
            });
    }

    /// <summary>Adds an event for the owner and the managers of a group.</summary>
    public static Task AddForOwnerAsync(DbConnection connection, GroupEventKind kind, long group, string userName, DateTimeOffset now) =>
        AddAsync(connection, kind, group, userName, now, ownerOnly: true);

    /// <summary>Adds an event for one user, whether or not a member.</summary>
    public static Task AddForUserAsync(DbConnection connection, GroupEventKind kind, long group, long recipient, string userName, DateTimeOffset now) =>
        AddAsync(connection, kind, group, userName, now, recipient: recipient);

    /// <summary>Adds the event for those who are members of a group that is about to be deleted. It outlives the group.</summary>
    /// <param name="revocation">The number of the revocation with which the group is deleted.</param>
    public static Task AddRemovalAsync(DbConnection connection, long group, long revocation, string userName, DateTimeOffset now) =>
        AddAsync(connection, GroupEventKind.GroupRemoved, group, userName, now, membersUntil: revocation);

    /// <summary>The number up to which events can be read, and whether there are some beyond it.</summary>
    public static async Task<(long Last, bool IsBehind)> FindLastAsync(DbConnection connection)
    {
        var (last, newest, _) = await connection.FindLastNumberAsync("(SELECT COALESCE(MAX(id), 0) FROM events)");
        return (last, newest > last);
    }

    /// <summary>When the oldest event was written that is committed and cannot be read yet; null if there is none.</summary>
    public static async Task<DateTimeOffset?> FindOldestHeldBackAsync(DbConnection connection)
    {
        var (last, isBehind) = await FindLastAsync(connection);
        return isBehind && await connection.ExecuteScalarAsync<long?>("SELECT created FROM events WHERE id > @last ORDER BY id LIMIT 1", new { last }) is { } created
            ? DateTimeOffset.FromUnixTimeSeconds(created)
            : null;
    }

    /// <summary>The events after one and up to another, oldest first; at most <see cref="PageSize"/>.</summary>
    public static async Task<IReadOnlyList<StoredEvent>> ReadAsync(DbConnection connection, long after, long last) =>
        (await connection.QueryAsync<StoredEvent>(SelectEvents + " AND e.id <= @last ORDER BY e.id LIMIT @PageSize", new { after, last, PageSize })).AsList();

    /// <summary>The events after one and up to another that are for a user, oldest first; at most <see cref="PageSize"/>.</summary>
    public static async Task<IReadOnlyList<StoredEvent>> ReadAsync(DbConnection connection, CurrentUser user, long after, long last) =>
        (await connection.QueryAsync<StoredEvent>(
            SelectEvents +
            """
             AND e.id <= @last AND (e.recipient_id = @Id
                OR (e.recipient_id IS NULL AND EXISTS (SELECT 1 FROM members m WHERE m.group_id = e.group_id AND m.user_id = @Id)
                    AND (e.owner_only = 0 OR g.owner_id = @Id OR EXISTS (
                        SELECT 1 FROM members o WHERE o.group_id = e.group_id AND o.user_id = @Id AND o.role >= 3)))
                OR (e.members_until IS NOT NULL AND (
                    EXISTS (SELECT 1 FROM former_members f WHERE f.user_guid = @Guid AND f.group_guid = e.group_guid AND f.number = e.members_until)
                    OR EXISTS (SELECT 1 FROM all_groups r JOIN members m ON m.group_id = r.id WHERE r.removed = e.members_until AND m.user_id = @Id))))
            ORDER BY e.id LIMIT @PageSize
            """,
            new { after, last, user.Id, Guid = user.UserId.ToString("D"), PageSize })).AsList();

    /// <summary>The members of groups, by group.</summary>
    /// <param name="least">Only those who have at least this role by their rows.</param>
    public static async Task<ILookup<long, long>> ReadMembersAsync(DbConnection connection, IReadOnlyCollection<long> groups, MemberRole least = MemberRole.Reader)
    {
        var members = groups.Count == 0
            ? []
            : await connection.QueryAsync<(long Group, long User)>(
                $"SELECT group_id, user_id FROM members WHERE {connection.In("group_id", "@Groups")} AND role >= @Least", new { Groups = connection.List(groups), Least = (long)least });
        return members.ToLookup(member => member.Group, member => member.User);
    }

    /// <summary>Those who were members of deleted groups until these revocations, by revocation: some are still to be removed, and the others are former members.</summary>
    public static async Task<ILookup<long, long>> ReadFormerMembersAsync(DbConnection connection, IReadOnlyCollection<long> revocations)
    {
        // One statement: who is removed meanwhile is the one or the other.
        var members = revocations.Count == 0
            ? []
            : await connection.QueryAsync<(long Revocation, long User)>(
                $"""
                SELECT f.number, u.id FROM former_members f JOIN users u ON u.guid = f.user_guid WHERE {connection.In("f.number", "@Revocations")}
                UNION SELECT g.removed, m.user_id FROM all_groups g JOIN members m ON m.group_id = g.id WHERE {connection.In("g.removed", "@Revocations")}
                """,
                new { Revocations = connection.List(revocations) });
        return members.ToLookup(member => member.Revocation, member => member.User);
    }

    /// <summary>Removes some of those of a deleted group.</summary>
    /// <inheritdoc cref="PartialDelete.DeleteOfGroupAsync" path="/returns"/>
    public static Task<int> RemoveOfGroupAsync(DbConnection connection, long group, int max) => connection.DeleteOfGroupAsync("events", "id", group, max);

    /// <inheritdoc cref="PartialDelete.DeleteSomeAsync" path="/returns"/>
    public static Task<bool> PurgeExpiredAsync(DbConnection connection, DateTimeOffset now) =>
        connection.DeleteSomeAsync("events", "id", "created < @Since", new { Since = (now - Lifetime).ToUnixTimeSeconds() });

    private static async Task AddAsync(
        DbConnection connection,
        GroupEventKind kind,
        long group,
        string userName,
        DateTimeOffset now,
        string? fileName = null,
        bool ownerOnly = false,
        long? recipient = null,
        long? membersUntil = null)
    {
        var id = await connection.TakeNumbersAsync(1);
        await connection.ExecuteAsync(
            """
            INSERT INTO events (id, kind, group_id, group_guid, group_name, user_name, file_name, owner_only, recipient_id, members_until, created)
            SELECT @id, @Kind, @GroupId, guid, name, @userName, @fileName, @OwnerOnly, @recipient, @membersUntil, @Created FROM groups WHERE id = @group
            """,
            new
            {
                id,
                Kind = kind.ToString(),
                // An event for one user outlives the group, as that of its deletion does.
                GroupId = recipient is null && membersUntil is null ? group : (long?)null,
                group,
                userName,
                fileName,
                OwnerOnly = ownerOnly ? 1L : 0L,
                recipient,
                membersUntil,
                Created = now.ToUnixTimeSeconds(),
            });
    }
}
