using System.Runtime.CompilerServices;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Finds groups by names that may have wildcards.</summary>
internal static class GroupSelection
{
    /// <param name="among">Whether a pattern may select a group.</param>
    /// <param name="mine">Whether it can only be one that the user is in or has asked to join.</param>
    /// <returns>A name without wildcards is returned as it is: the tracker checks it with the next request.</returns>
    public static async IAsyncEnumerable<string> FindAsync(
        P2PSession session, string name, Func<GroupResponse, bool> among, [EnumeratorCancellation] CancellationToken cancellationToken, bool mine = true)
    {
        if (!NameMatch.IsPattern(name))
        {
            yield return name;
            yield break;
        }

        var isMatch = NameMatch.Matcher(name);
        await foreach (var group in session.Client.ListGroupsAsync(new ListQuery(NameMatch.Prefix(name), mine), cancellationToken).ConfigureAwait(false))
        {
            if (among(group) && isMatch(group.Name))
            {
                yield return group.Name;
            }
        }
    }

    public static bool IsInside(GroupResponse group) => group.Role is GroupRole.Member or GroupRole.Owner;

    public static bool IsManaged(GroupResponse group) => IsOwned(group) || group.MemberRole is MemberRole.Manager;

    public static bool IsOwned(GroupResponse group) => group.Role == GroupRole.Owner;
}
