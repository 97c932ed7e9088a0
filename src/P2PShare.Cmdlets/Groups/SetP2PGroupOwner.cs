using System.Management.Automation;
using P2PShare.Cmdlets.GroupMembers;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Hands a group over to another member. Only the owner can.</summary>
/// <remarks>
/// The new owner has to be a member already. The former owner stays a member, and can then leave with Exit-P2PGroup. Only
/// the new owner can hand the group back, so the change has to be confirmed; -Confirm:$false does it without asking. If the
/// user owns the group already, nothing changes.
/// </remarks>
/// <example>
/// <code>Set-P2PGroupOwner -Group dev -UserName bob -PassThru</code>
/// <para>Asks, then makes bob the owner of dev, and writes the group as it is afterwards.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup | Where-Object Role -eq Owner | Set-P2PGroupOwner -UserName bob -Confirm:$false</code>
/// <para>Hands all of the user's groups over to bob, for example before leaving a team. Each group of which bob is not a member is an error.</para>
/// </example>
[Cmdlet(VerbsCommon.Set, "P2PGroupOwner", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(P2PGroup))]
public sealed class SetP2PGroupOwner : SessionCmdlet
{
    /// <summary>The group.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>The member who becomes the owner.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompleter))]
    public string? UserName { get; set; }

    /// <summary>Writes the group as it is afterwards; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        if (!ShouldProcess(Group!, $"Hand group over to {UserName}"))
        {
            return;
        }

        await TryAsync(Group, async () =>
        {
            var group = await client.SetGroupOwnerAsync(Group!, UserName!, cancellationToken);
            if (PassThru)
            {
                WriteObject(new P2PGroup(group));
            }
        });
    }
}
