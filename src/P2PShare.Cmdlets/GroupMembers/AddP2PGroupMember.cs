using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.JoinRequests;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.GroupMembers;

/// <summary>Makes users members of a group who did not ask. Only the owner and managers can.</summary>
/// <remarks>
/// The users need an account at the tracker; a request to join that one of them has made is answered by it. Managers add readers and
/// publishers, the owner managers too. A user who is a member already is the error AlreadyMember: Set-P2PGroupMember changes the role.
/// </remarks>
/// <example>
/// <code>Add-P2PGroupMember -Group builds -UserName bob</code>
/// <para>Makes bob a member of the group builds, with the role that the group gives by default.</para>
/// </example>
/// <example>
/// <code>Get-Content ./readers.txt | Add-P2PGroupMember builds -Role Reader -PassThru</code>
/// <para>Makes the users of a list readers, who receive files and share none, and writes each new member.</para>
/// </example>
[Cmdlet(VerbsCommon.Add, "P2PGroupMember", SupportsShouldProcess = true)]
[OutputType(typeof(P2PGroupMember))]
public sealed class AddP2PGroupMember : SessionCmdlet
{
    /// <summary>The group.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>Names of the users.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("UserName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JoinRequestCompleter))]
    public string[] UserName { get; set; } = [];

    /// <summary>What they may do in the group: Reader, Publisher or Manager; the group's default if it is left out.</summary>
    [Parameter]
    public P2PMemberRole? Role { get; set; }

    /// <summary>Writes each new member; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var user in UserName)
        {
            if (ShouldProcess($"{user} in group {Group}", "Add member"))
            {
                await TryAsync(user, async () =>
                {
                    var added = await CurrentSession.Client.AddMemberAsync(Group!, user, (MemberRole?)Role, cancellationToken);
                    if (PassThru)
                    {
                        WriteObject(new P2PGroupMember(added));
                    }
                });
            }
        }
    }
}
