using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Makes a group, which the session's user then owns.</summary>
[Cmdlet(VerbsCommon.New, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PGroup))]
public sealed class NewP2PGroup : SessionCmdlet
{
    /// <summary>Names of the groups.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Group")]
    [FromProperty("Group", "Name")]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        foreach (var name in Name)
        {
            if (ShouldProcess(name, "Create group"))
            {
                await TryAsync(name, async () => WriteObject(new P2PGroup(await client.CreateGroupAsync(name, cancellationToken))));
            }
        }
    }
}
