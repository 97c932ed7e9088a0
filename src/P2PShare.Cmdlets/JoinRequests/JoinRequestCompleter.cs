using System.Collections;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Completes the names of users who ask to join the group that was typed.</summary>
public sealed class JoinRequestCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken)
    {
        if (First(bound, "Group") is not { } group)
        {
            return [];
        }

        var requests = await session.Client.GetJoinRequestsAsync(group, cancellationToken).ConfigureAwait(false);
        return requests.Select(request => (request.UserName, $"{request.UserName} asked on {request.Requested.ToLocalTime():g}"));
    }
}
