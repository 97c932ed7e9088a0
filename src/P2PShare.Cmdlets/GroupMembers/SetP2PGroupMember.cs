using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.GroupMembers;

/// <summary>Gives members of a group another role. Only the owner and managers can.</summary>
/// <remarks>
/// <para>Readers list and receive files, and serve what they received. Publishers share files too. Managers also answer join requests, and add,
/// remove and give roles to readers and publishers. The owner also makes managers; Set-P2PGroupOwner makes another member the owner.</para>
/// <para>What a publisher or manager shares who becomes a reader is no file of the group any more, unless another member shares it: its name is
/// free, and the owner can share it again. A pattern selects no member whose role the user may not change.</para>
/// </remarks>
/// <example>
/// <code>Set-P2PGroupMember -Group builds -UserName bob -Role Manager</code>
/// <para>Lets bob answer the join requests of the group builds.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroupMember builds | Where-Object Role -eq Publisher | Set-P2PGroupMember -Role Reader -WhatIf</code>
/// <para>Shows which members would no longer share files. Without -WhatIf they do not.</para>
/// </example>
[Cmdlet(VerbsCommon.Set, "P2PGroupMember", SupportsShouldProcess = true)]
[OutputType(typeof(P2PGroupMember))]
public sealed class SetP2PGroupMember : SessionCmdlet
{
    /// <summary>The group.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>Names of members, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("UserName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompleter))]
    public string[] UserName { get; set; } = [];

    /// <summary>What they may do from now on: Reader, Publisher or Manager.</summary>
    [Parameter(Mandatory = true)]
    public P2PMemberRole Role { get; set; }

    /// <summary>Writes each member as it is afterwards; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var user in UserName)
        {
            if (!NameMatch.IsPattern(user))
            {
                await SetAsync(user, cancellationToken);
                continue;
            }

            IReadOnlyList<P2PGroupMember> members = [];
            await TryAsync(user, async () => members = await FindAsync(user, cancellationToken));
            foreach (var member in members)
            {
                await SetAsync(member.UserName, cancellationToken);
            }
        }
    }

    private async Task<IReadOnlyList<P2PGroupMember>> FindAsync(string pattern, CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        var own = new P2PGroup(await client.GetGroupAsync(Group!, cancellationToken)).Role;
        var members = await client.ListMembersAsync(Group!, new ListQuery(NameMatch.Prefix(pattern)), cancellationToken).Select(member => new P2PGroupMember(member)).ToListAsync(cancellationToken);
        return NameMatch.Select(members.Where(member => member.Role < own), pattern, member => member.UserName);
    }

    private async Task SetAsync(string user, CancellationToken cancellationToken)
    {
        if (!ShouldProcess($"{user} in group {Group}", $"Set role to {Role}"))
        {
            return;
        }

        await TryAsync(user, async () =>
        {
            var member = await CurrentSession.Client.SetMemberRoleAsync(Group!, user, (MemberRole)Role, cancellationToken);
            if (PassThru)
            {
                WriteObject(new P2PGroupMember(member));
            }
        });
    }
}
