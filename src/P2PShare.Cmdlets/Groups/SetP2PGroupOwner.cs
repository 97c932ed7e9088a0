using System.Management.Automation;
using P2PShare.Cmdlets.GroupMembers;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Hands a group over to another of its members; only for its owner.</summary>
/// <remarks>
/// The new owner has to be a member already. The former owner stays a member, and can then leave with Exit-P2PGroup. Only
/// the new owner can give the group back: that is why it is asked first; -Confirm:$false does without. Handing a
/// group to oneself changes nothing.
/// </remarks>
/// <example>
/// <code>Set-P2PGroupOwner -Group dev -UserName bob -PassThru</code>
/// <para>Asks, then makes bob the owner of dev, and writes the group as it is afterwards.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup | Where-Object Role -eq Owner | Set-P2PGroupOwner -UserName bob -Confirm:$false</code>
/// <para>Hands all of one's own groups over to bob, as before leaving a team. Groups that bob is not in give an error each.</para>
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

    /// <summary>The member who owns it from then on.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompleter))]
    public string? UserName { get; set; }

    /// <summary>Writes the group as it is afterwards; else nothing is written.</summary>
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
