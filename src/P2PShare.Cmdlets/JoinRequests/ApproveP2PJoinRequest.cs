using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Approves requests to join a group. Only the owner and managers can.</summary>
/// <remarks>
/// <para>The users become members with the role that is named, or else with the group's default: readers see and receive the group's files, publishers share
/// some too. Only the owner makes managers. A user who did not ask, or whose
/// request was answered already, is the error JoinRequestNotFound; the other requests are approved all the same.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PJoinRequest | Approve-P2PJoinRequest</code>
/// <para>Approves all requests to join groups that the user owns.</para>
/// </example>
/// <example>
/// <code>Approve-P2PJoinRequest -Group builds -UserName bob -PassThru</code>
/// <para>Approves bob's request to join the group builds, and writes the new member.</para>
/// </example>
/// <example>
/// <code>Get-P2PJoinRequest builds | Approve-P2PJoinRequest -Role Reader</code>
/// <para>Approves all requests to join builds; the new members receive files and share none.</para>
/// </example>
/// <example>
/// <code>Approve-P2PJoinRequest builds ci-* -WhatIf</code>
/// <para>Shows which users whose names begin with ci- would become members.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Approve, "P2PJoinRequest", SupportsShouldProcess = true)]
[OutputType(typeof(P2PGroupMember))]
public sealed class ApproveP2PJoinRequest : JoinRequestCmdlet
{
    /// <summary>What the users may do in the group: Reader, Publisher or Manager; the group's default if it is left out.</summary>
    [Parameter]
    public P2PMemberRole? Role { get; set; }

    /// <summary>Writes each new member; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => "Approve join request";

    private protected override async Task AnswerAsync(string user, CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        await client.ApproveJoinAsync(Group!, user, (MemberRole?)Role, cancellationToken);
        // None if the new member was removed at once.
        if (PassThru && await client.FindMemberAsync(Group!, user, cancellationToken) is { } member)
        {
            WriteObject(new P2PGroupMember(member));
        }
    }
}
