using System.Collections;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.GroupMembers;

/// <summary>Completes the names of members of the group that was typed.</summary>
public sealed class MemberCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken)
    {
        if (First(bound, "Group") is not { } group || NameMatch.IsPattern(group))
        {
            return [];
        }

        var members = await session.Client.GetMembersAsync(group, cancellationToken).ConfigureAwait(false);
        return members.Select(member => (member.UserName, $"{member.UserName}: {member.Role} since {member.Joined.ToLocalTime():g}"));
    }
}
