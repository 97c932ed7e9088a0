using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Asks the owner of a group to be let in.</summary>
[Cmdlet(VerbsCommon.Join, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PJoinRequest))]
public sealed class JoinP2PGroup : SessionCmdlet
{
    /// <summary>Names of the groups.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Group")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Name { get; set; } = [];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        foreach (var name in Name)
        {
            if (ShouldProcess(name, "Ask to join group"))
            {
                await TryAsync(name, async () => WriteObject(new P2PJoinRequest(await client.RequestJoinAsync(name, cancellationToken))));
            }
        }
    }
}
