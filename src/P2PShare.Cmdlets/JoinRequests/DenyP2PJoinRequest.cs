using System.Management.Automation;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Refuses those who asked to join a group; only for its owner.</summary>
/// <remarks>
/// <para>The request is gone, and the user may ask again. Nobody is told why. Who did not ask is the error
/// JoinRequestNotFound. A member is taken out with Remove-P2PGroupMember instead.</para>
/// </remarks>
/// <example>
/// <code>Deny-P2PJoinRequest -Group builds -UserName mallory</code>
/// <para>Refuses one user.</para>
/// </example>
/// <example>
/// <code>Get-P2PJoinRequest | Where-Object Requested -lt (Get-Date).AddDays(-30) | Deny-P2PJoinRequest -Confirm</code>
/// <para>Goes through the requests that are older than thirty days, and asks about each.</para>
/// </example>
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
