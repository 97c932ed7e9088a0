using System.Collections;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Completes the names of users who ask to join the group that was typed.</summary>
public sealed class JoinRequestCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, string prefix, CancellationToken cancellationToken)
    {
        if (First(bound, "Group") is not { } group)
        {
            return [];
        }

        return await session.Client.ListJoinRequestsAsync(group, new ListQuery(prefix), cancellationToken).Take(MaxNames).Select(request => (request.UserName, $"{request.UserName} asked on {request.Requested.ToLocalTime():g}")).ToListAsync(cancellationToken).ConfigureAwait(false);
    }
}
