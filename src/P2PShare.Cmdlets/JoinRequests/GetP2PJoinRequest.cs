using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Gets those who ask to join groups that the session's user owns.</summary>
[Cmdlet(VerbsCommon.Get, "P2PJoinRequest")]
[OutputType(typeof(P2PJoinRequest))]
public sealed class GetP2PJoinRequest : SessionCmdlet
{
    /// <summary>Names of groups, wildcards allowed; every group of one's own where it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        foreach (var group in Group)
        {
            await TryAsync(group, async () =>
            {
                foreach (var name in await FindAsync(group, cancellationToken))
                {
                    foreach (var request in await client.GetJoinRequestsAsync(name, cancellationToken))
                    {
                        WriteObject(new P2PJoinRequest(request));
                    }
                }
            });
        }
    }

    private async Task<IEnumerable<string>> FindAsync(string group, CancellationToken cancellationToken)
    {
        if (!NameMatch.IsPattern(group))
        {
            return [group];
        }

        var groups = await CurrentSession.Client.GetGroupsAsync(cancellationToken);
        return NameMatch.Select(groups.Where(candidate => candidate.Role == GroupRole.Owner), group, candidate => candidate.Name)
            .Select(candidate => candidate.Name);
    }
}
