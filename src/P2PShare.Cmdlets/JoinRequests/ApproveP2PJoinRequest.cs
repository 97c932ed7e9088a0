using System.Management.Automation;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Lets those in who asked to join a group; only for its owner.</summary>
[Cmdlet(VerbsLifecycle.Approve, "P2PJoinRequest", SupportsShouldProcess = true)]
public sealed class ApproveP2PJoinRequest : JoinRequestCmdlet
{
    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        foreach (var user in UserName)
        {
            if (ShouldProcess($"{user} in group {Group}", "Approve join request"))
            {
                await TryAsync(user, () => client.ApproveJoinAsync(Group!, user, cancellationToken));
            }
        }
    }
}
