using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Events;

namespace P2PShare.TrackerHost.Groups;

/// <summary>A group as seen by one user: the question that nearly every request begins with.</summary>
/// <param name="IsMember">1 where the user is a member, the owner included.</param>
/// <param name="HasSession">0 where the user's session has ended since the request came.</param>
internal sealed record Membership(long GroupId, string GroupName, long OwnerId, long IsMember, long HasSession)
{
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>; <see cref="ErrorCode.NotLoggedIn"/> where the session ended while the request was
    /// under way: whoever sends a body slowly would else outlive the session by as long.
    /// </exception>
    public static async Task<Membership> GetAsync(DbConnection connection, string group, CurrentUser user)
    {
        // What cannot be a name is not looked for: PostgreSQL knows no text with a zero in it.
        var membership = (AccountName.FindProblem(group) is not null ? null : await connection.QuerySingleOrDefaultAsync<Membership>(
            """
            SELECT g.id AS GroupId, g.name AS GroupName, g.owner_id AS OwnerId,
                (SELECT COUNT(*) FROM members m WHERE m.group_id = g.id AND m.user_id = @Id) AS IsMember,
                (SELECT COUNT(*) FROM sessions s WHERE s.token_hash = @SessionHash) AS HasSession
            FROM groups g WHERE g.name_key = @Key
            """,
            new { Key = AccountName.Key(group), user.Id, user.SessionHash }))
            ?? throw new P2PShareException(ErrorCode.GroupNotFound, $"There is no group called '{PrintableCharacter.Clean(group)}'.");
        return membership.HasSession > 0 ? membership : throw SessionStore.Ended();
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public static async Task<Membership> RequireMemberAsync(DbConnection connection, string group, CurrentUser user)
    {
        var membership = await GetAsync(connection, group, user);
        return membership.IsMember > 0
            ? membership
            : throw NotMember($"You are not a member of '{membership.GroupName}': ask to join it, and wait for its owner's approval.");
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotOwner"/>.</exception>
    public static async Task<Membership> RequireOwnerAsync(DbConnection connection, string group, CurrentUser user, string what)
    {
        var membership = await GetAsync(connection, group, user);
        return membership.OwnerId == user.Id ? membership : throw NotOwner($"Only the owner of '{membership.GroupName}' can {what}.");
    }

    public static P2PShareException NotMember(string message) => new(ErrorCode.NotMember, message);

    public static P2PShareException NotOwner(string message) => new(ErrorCode.NotOwner, message);

    /// <summary>Ends a membership and what hangs on it: the user's shares and what the user's peers offer there.</summary>
    /// <param name="kind">How it ends: <see cref="GroupEventKind.MemberLeft"/> or <see cref="GroupEventKind.MemberRemoved"/>.</param>
    /// <returns>Whether there was one.</returns>
    public static async Task<bool> EndAsync(DbConnection connection, long group, long user, GroupEventKind kind, DateTimeOffset now)
    {
        await RevocationStore.AddAsync(connection, group, user, now);
        if (await connection.ExecuteAsync("DELETE FROM members WHERE group_id = @group AND user_id = @user", new { group, user }) == 0)
        {
            return false;
        }

        var name = await connection.QuerySingleAsync<string>("SELECT name FROM users WHERE id = @user", new { user });
        await EventStore.TellMembersAsync(connection, kind, group, name, now);
        if (kind == GroupEventKind.MemberRemoved)
        {
            await EventStore.TellUserAsync(connection, kind, group, user, name, now);
        }

        await connection.ExecuteAsync(
            """
            DELETE FROM file_sharers WHERE user_id = @user AND file_id IN (SELECT id FROM files WHERE group_id = @group);
            DELETE FROM holdings WHERE group_id = @group AND peer_id IN (SELECT id FROM peers WHERE user_id = @user);
            """,
            new { group, user });
        await EventStore.RemoveFilesAsync(connection, group, name, now);
        return true;
    }
}
