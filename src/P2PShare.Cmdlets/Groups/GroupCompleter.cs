using System.Collections;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Completes the names of groups.</summary>
public sealed class GroupCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, string prefix, CancellationToken cancellationToken)
    {
        var query = new ListQuery(prefix, IsMine(bound));
        return await session.Client.ListGroupsAsync(query, cancellationToken).Take(MaxNames)
            .Select(group => (group.Name, $"{group.Name}: {group.Owner}'s, {group.MemberCount} members")).ToListAsync(cancellationToken).ConfigureAwait(false);
    }
}
