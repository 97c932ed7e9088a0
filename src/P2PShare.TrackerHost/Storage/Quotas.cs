using System.Data.Common;
using System.Globalization;
using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// How much one user, and one group, may have. Each is to be called in the write that adds one more, after it was added:
/// what it throws undoes that.
/// </summary>
internal static class Quotas
{
    private const int RenewedOnceIn = 64;

    // More than are ever added between two renewals: the chance of that is one in ten million.
    private const int Unnoticed = 1024;

    /// <exception cref="P2PShareException"><see cref="ErrorCode.QuotaExceeded"/>.</exception>
    public static async Task AddGroupAsync(DbConnection connection, long user, string userName, TrackerOptions options)
    {
        const string Count = "SELECT COUNT(*) FROM groups WHERE owner_id = @id";
        if (await IsExceededAsync(connection, "users", "groups_counted", user, Count, options.GroupsPerUser))
        {
            throw Exceeded(options.GroupsPerUser, $"'{userName}' owns as many groups as one user may at this tracker", "delete one, or hand it over");
        }
    }

    /// <inheritdoc cref="AddGroupAsync" path="/exception"/>
    public static async Task AddShareAsync(DbConnection connection, long user, TrackerOptions options)
    {
        const string Count = "SELECT COUNT(*) FROM file_sharers WHERE user_id = @id";
        if (await IsExceededAsync(connection, "users", "shares_counted", user, Count, options.FilesPerUser))
        {
            throw Exceeded(options.FilesPerUser, "You share as many files as one user may at this tracker", "stop sharing some");
        }
    }

    /// <inheritdoc cref="AddGroupAsync" path="/exception"/>
    public static async Task AddFileAsync(DbConnection connection, long group, string groupName, TrackerOptions options)
    {
        const string Count = "SELECT COUNT(*) FROM files WHERE group_id = @id";
        if (await IsExceededAsync(connection, "groups", "files_counted", group, Count, options.FilesPerGroup))
        {
            throw Exceeded(options.FilesPerGroup, $"'{groupName}' has as many files as one group may at this tracker", "use another group, or stop sharing some");
        }
    }

    /// <inheritdoc cref="AddGroupAsync" path="/exception"/>
    public static async Task AddMemberAsync(DbConnection connection, long group, string groupName, TrackerOptions options)
    {
        if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM members WHERE group_id = @group", new { group }) > options.MembersPerGroup)
        {
            throw Exceeded(options.MembersPerGroup, $"'{groupName}' has as many members as one group may at this tracker", "remove one who needs it no longer");
        }
    }

    /// <inheritdoc cref="AddGroupAsync" path="/exception"/>
    public static async Task AddJoinRequestAsync(DbConnection connection, long user, TrackerOptions options)
    {
        if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM join_requests WHERE user_id = @user", new { user }) > options.JoinRequestsPerUser)
        {
            throw Exceeded(options.JoinRequestsPerUser, "You wait for as many answers to join requests as one user may at this tracker", "withdraw one, or wait for its answer");
        }
    }

    /// <summary>
    /// Counting rows at each write would cost more than what is counted, and to count along would make every write of a user
    /// wait for the row of the last one. So a number is kept that was exact a short while ago: far below the quota it suffices.
    /// </summary>
    private static async Task<bool> IsExceededAsync(DbConnection connection, string table, string column, long id, string count, int most)
    {
        var renews = Random.Shared.Next(RenewedOnceIn) == 0;
        if (!renews && most > Unnoticed
            && await connection.QuerySingleAsync<long>($"SELECT {column} FROM {table} WHERE id = @id", new { id }) < most - Unnoticed)
        {
            return false;
        }

        var exact = await connection.ExecuteScalarAsync<long>(count, new { id });
        if (renews)
        {
            await connection.ExecuteAsync($"UPDATE {table} SET {column} = @exact WHERE id = @id", new { id, exact });
        }

        return exact > most;
    }

    private static P2PShareException Exceeded(int most, string what, string advice) => new(
        ErrorCode.QuotaExceeded, string.Create(CultureInfo.InvariantCulture, $"{what} ({most}): {advice}, or ask the tracker's operator."));
}
