using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.GroupMembers;

/// <summary>Removes members from a group. Only the owner and managers can; managers remove readers and publishers.</summary>
/// <remarks>
/// A removed member can no longer see or receive the group's files. Running transfers with the member end within moments, and
/// files that only the member shared are no longer listed. The member can ask to join again. The owner cannot be removed, and a
/// pattern does not select the owner: hand the group over with Set-P2PGroupOwner first.
/// </remarks>
/// <example>
/// <code>Remove-P2PGroupMember -Group dev -UserName bob</code>
/// <para>Removes bob from the group dev.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroupMember dev | Where-Object UserName -notin (Get-Content team.txt) | Remove-P2PGroupMember -WhatIf</code>
/// <para>Shows which members of dev are not named in team.txt. Without -WhatIf they are removed.</para>
/// </example>
[Cmdlet(VerbsCommon.Remove, "P2PGroupMember", SupportsShouldProcess = true)]
[OutputType(typeof(P2PGroupMember))]
public sealed class RemoveP2PGroupMember : SessionCmdlet
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

    /// <summary>Writes each removed member; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var user in UserName)
        {
            if (!NameMatch.IsPattern(user))
            {
                await RemoveAsync(user, cancellationToken);
                continue;
            }

            IReadOnlyList<MemberResponse> members = [];
            await TryAsync(user, async () => members = await CurrentSession.Client.ListMembersAsync(Group!, new ListQuery(NameMatch.Prefix(user)), cancellationToken).ToListAsync(cancellationToken));
            foreach (var member in NameMatch.Select(members.Where(member => member.Role != GroupRole.Owner), user, member => member.UserName))
            {
                await RemoveAsync(member.UserName, cancellationToken);
            }
        }
    }

    private async Task RemoveAsync(string user, CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        if (!ShouldProcess($"{user} in group {Group}", "Remove member"))
        {
            return;
        }

        await TryAsync(user, async () =>
        {
            var removed = PassThru ? await client.FindMemberAsync(Group!, user, cancellationToken) : null;
            await client.RemoveMemberAsync(Group!, user, cancellationToken);
            if (removed is not null)
            {
                WriteObject(new P2PGroupMember(removed));
            }
        });
    }
}
