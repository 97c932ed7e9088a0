using System.Data.Common;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Groups;

/// <summary>
/// Removes what a deleted group had. It may be much, and nothing of it can be seen any more: it is removed after the deletion, some at a time, each part in a
/// write of its own.
/// </summary>
internal static class GroupRemoval
{
    // The group's row, and one each of its tables of counts and changes, which the database deletes with it.
    private const int RowsOfGroup = 3;

    /// <summary>Removes all that a deleted group had. What is left if it is interrupted, a purge removes.</summary>
    public static async Task CompleteAsync(TrackerDatabase database, long group, CancellationToken cancellationToken)
    {
        while (await database.WriteAsync([WriteLock.RemovalOf(group)], connection => SweepAsync(connection, group), cancellationToken))
        {
        }
    }

    /// <summary>
    /// Removes some of what a deleted group had: at most <see cref="PartialDelete.MaxRows"/> rows are written or deleted. Does nothing to a group that was not deleted:
    /// SQLite gives the number of a removed row to a new one.
    /// </summary>
    /// <returns>Whether more is left of it.</returns>
    public static async Task<bool> SweepAsync(DbConnection connection, long group)
    {
        if (await GroupStore.LockEndedAsync(connection, group) is not { } revocation)
        {
            return false;
        }

        var left = PartialDelete.MaxRows - RowsOfGroup;
        foreach (var remove in new Func<int, Task<int>>[]
        {
            max => MemberStore.RemoveOfGroupAsync(connection, group, revocation, max),
            max => JoinRequestStore.RemoveOfGroupAsync(connection, group, max),
            max => EndedMembershipStore.RemoveOfGroupAsync(connection, group, max),
            max => FileStore.RemoveOfGroupAsync(connection, group, max),
            max => HoldingStore.RemoveOfGroupAsync(connection, group, max),
            max => LostHoldingStore.RemoveOfGroupAsync(connection, group, max),
            max => EventStore.RemoveOfGroupAsync(connection, group, max),
        })
        {
            left -= await remove(left);
            if (left == 0)
            {
                return true;
            }
        }

        await GroupStore.RemoveAsync(connection, group);
        return false;
    }
}
