using System.Management.Automation;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Refuses those who asked to join a group; only for its owner.</summary>
[Cmdlet(VerbsLifecycle.Deny, "P2PJoinRequest", SupportsShouldProcess = true)]
public sealed class DenyP2PJoinRequest : JoinRequestCmdlet
{
    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        foreach (var user in UserName)
        {
            if (ShouldProcess($"{user} in group {Group}", "Deny join request"))
            {
                await TryAsync(user, () => client.DenyJoinAsync(Group!, user, cancellationToken));
            }
        }
    }
}
