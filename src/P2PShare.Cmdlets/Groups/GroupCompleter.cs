using System.Collections;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Completes the names of groups.</summary>
public sealed class GroupCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken)
    {
        var groups = await session.Client.GetGroupsAsync(cancellationToken).ConfigureAwait(false);
        return groups.Select(group => (group.Name, $"{group.Name}: {group.Owner}'s, {group.MemberCount} members"));
    }
}
