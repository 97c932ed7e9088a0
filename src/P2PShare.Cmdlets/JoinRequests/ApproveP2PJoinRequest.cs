using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Lets those in who asked to join a group; only for its owner.</summary>
/// <remarks>
/// <para>From then on they see the group's files and can receive and share them. Who did not ask, or was answered
/// already, is the error JoinRequestNotFound; the others are let in all the same.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PJoinRequest | Approve-P2PJoinRequest</code>
/// <para>Lets everybody in who asked to join any of one's own groups.</para>
/// </example>
/// <example>
/// <code>Approve-P2PJoinRequest -Group builds -UserName bob -PassThru</code>
/// <para>Lets bob into the group builds, and writes him as a member.</para>
/// </example>
/// <example>
/// <code>Approve-P2PJoinRequest builds ci-* -WhatIf</code>
/// <para>Shows which of the waiting users whose names begin so would be let in.</para>
/// </example>
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
