using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Finds groups by names that may have wildcards.</summary>
internal static class GroupSelection
{
    /// <param name="among">Whether a pattern may select a group.</param>
    /// <returns>A name without wildcards is returned as it is: the tracker checks it with the next request.</returns>
    public static async Task<IReadOnlyList<string>> FindAsync(
        P2PSession session, string name, Func<GroupResponse, bool> among, CancellationToken cancellationToken)
    {
        if (!NameMatch.IsPattern(name))
        {
            return [name];
        }

        var groups = await session.Client.GetGroupsAsync(cancellationToken);
        return [.. NameMatch.Select(groups.Where(among), name, group => group.Name).Select(group => group.Name)];
    }

    public static bool IsInside(GroupResponse group) => group.Role is GroupRole.Member or GroupRole.Owner;

    public static bool IsOwned(GroupResponse group) => group.Role == GroupRole.Owner;
}
