using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Leaves a group, or takes back the wish to join it.</summary>
[Cmdlet(VerbsCommon.Exit, "P2PGroup", SupportsShouldProcess = true)]
[Alias("Leave-P2PGroup")]
public sealed class ExitP2PGroup : SessionCmdlet
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
            if (ShouldProcess(name, "Leave group"))
            {
                await TryAsync(name, () => client.LeaveGroupAsync(name, cancellationToken));
            }
        }
    }
}
