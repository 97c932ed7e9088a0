using System.Collections;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.GroupMembers;

/// <summary>Completes the names of members of the group that was typed.</summary>
public sealed class MemberCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, string prefix, CancellationToken cancellationToken)
    {
        if (First(bound, "Group") is not { } group || NameMatch.IsPattern(group))
        {
            return [];
        }

        return await session.Client.ListMembersAsync(group, new ListQuery(prefix), cancellationToken).Take(MaxNames).Select(member => (member.UserName, $"{member.UserName}: {member.Role} since {member.Joined.ToLocalTime():g}")).ToListAsync(cancellationToken).ConfigureAwait(false);
    }
}
