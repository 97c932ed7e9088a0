using System.Management.Automation;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Denies requests to join a group. Only the owner and managers can.</summary>
/// <remarks>
/// <para>The request is deleted, and the user can ask again. No reason is given. A user who did not ask is the error
/// JoinRequestNotFound. Remove-P2PGroupMember removes a member.</para>
/// </remarks>
/// <example>
/// <code>Deny-P2PJoinRequest -Group builds -UserName mallory</code>
/// <para>Denies the request of one user.</para>
/// </example>
/// <example>
/// <code>Get-P2PJoinRequest | Where-Object Requested -lt (Get-Date).AddDays(-30) | Deny-P2PJoinRequest -Confirm</code>
/// <para>Denies the requests that are older than thirty days, after asking about each.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Deny, "P2PJoinRequest", SupportsShouldProcess = true)]
[OutputType(typeof(P2PJoinRequest))]
public sealed class DenyP2PJoinRequest : JoinRequestCmdlet
{
    /// <summary>Writes each denied request; by default nothing is written.</summary>
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
