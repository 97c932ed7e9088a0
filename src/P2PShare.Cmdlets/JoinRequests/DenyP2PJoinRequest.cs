using System.Management.Automation;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Refuses those who asked to join a group; only for its owner.</summary>
[Cmdlet(VerbsLifecycle.Deny, "P2PJoinRequest", SupportsShouldProcess = true)]
[OutputType(typeof(P2PJoinRequest))]
public sealed class DenyP2PJoinRequest : JoinRequestCmdlet
{
    /// <summary>Writes each request that was denied; else nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => "Deny join request";

    private protected override async Task AnswerAsync(string user, CancellationToken cancellationToken)
    {
        var denied = PassThru ? await FindAsync(user, cancellationToken) : [];
        await CurrentSession.Client.DenyJoinAsync(Group!, user, cancellationToken);
        foreach (var request in denied)
        {
            WriteObject(new P2PJoinRequest(request));
        }
    }
}
