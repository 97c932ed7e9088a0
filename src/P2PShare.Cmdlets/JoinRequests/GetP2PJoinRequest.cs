using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Gets those who ask to join groups that the session's user owns.</summary>
/// <remarks>
/// <para>Only a group's owner sees its requests: naming somebody else's group is the error NotOwner, while a pattern
/// means one's own groups only. What it writes goes to Approve-P2PJoinRequest or Deny-P2PJoinRequest.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PJoinRequest</code>
/// <para>Lists all who wait for an answer.</para>
/// </example>
/// <example>
/// <code>Get-P2PJoinRequest builds | Where-Object UserName -in (Get-Content ./team.txt) | Approve-P2PJoinRequest</code>
/// <para>Lets those in who are named in a file.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PJoinRequest")]
[OutputType(typeof(P2PJoinRequest))]
public sealed class GetP2PJoinRequest : SessionCmdlet
{
    private readonly HashSet<(string Group, string UserName)> _written = [];

    /// <summary>
    /// Names of groups, wildcards allowed; every group that the session's user owns where it is left out.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    /// <summary>
    /// Names of those who ask, wildcards allowed; all where it is left out. A request that is named twice is written
    /// once.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JoinRequestCompleter))]
    public string[] UserName { get; set; } = ["*"];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var group in Group)
        {
            IReadOnlyList<JoinRequestResponse> requests = [];
            if (await TryAsync(group, async () => requests = await ListAsync(group, cancellationToken)))
            {
                foreach (var user in UserName)
                {
                    await TryAsync(user, () => Write(requests, group, user));
                }
            }
        }
    }

    private async Task<IReadOnlyList<JoinRequestResponse>> ListAsync(string group, CancellationToken cancellationToken)
    {
        var requests = new List<JoinRequestResponse>();
        foreach (var name in await GroupSelection.FindAsync(CurrentSession, group, GroupSelection.IsOwned, cancellationToken))
        {
            requests.AddRange(await CurrentSession.Client.GetJoinRequestsAsync(name, cancellationToken));
        }

        return requests;
    }

    private Task Write(IReadOnlyList<JoinRequestResponse> requests, string group, string user)
    {
        var found = NameMatch.Select(requests, user, request => request.UserName);
        if (found.Count == 0 && !NameMatch.IsPattern(user))
        {
            throw new P2PShareException(ErrorCode.JoinRequestNotFound, NameMatch.IsPattern(group)
                ? $"'{user}' asks to join none of your groups that match '{group}'."
                : $"'{user}' does not ask to join '{group}'.");
        }

        foreach (var request in found.Where(request => _written.Add((request.Group, request.UserName))))
        {
            WriteObject(new P2PJoinRequest(request));
        }

        return Task.CompletedTask;
    }
}
