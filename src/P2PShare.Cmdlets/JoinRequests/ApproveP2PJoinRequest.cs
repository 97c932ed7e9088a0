using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Lets those in who asked to join a group; only for its owner.</summary>
[Cmdlet(VerbsLifecycle.Approve, "P2PJoinRequest", SupportsShouldProcess = true)]
[OutputType(typeof(P2PGroupMember))]
public sealed class ApproveP2PJoinRequest : JoinRequestCmdlet
{
    /// <summary>Writes each new member; else nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => "Approve join request";

    private protected override async Task AnswerAsync(string user, CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        await client.ApproveJoinAsync(Group!, user, cancellationToken);
        if (PassThru)
        {
            var members = await client.GetMembersAsync(Group!, cancellationToken);
            // None where somebody took the new member out at once.
            foreach (var member in NameMatch.Select(members, user, member => member.UserName))
            {
                WriteObject(new P2PGroupMember(member));
            }
        }
    }
}
