using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Finds groups by a name that a person typed, which may have wildcards.</summary>
internal static class GroupSelection
{
    /// <param name="among">Which of all groups a pattern may select.</param>
    /// <returns>A name without wildcards as it is: whether there is such a group, the tracker says to whatever is asked of it.</returns>
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
