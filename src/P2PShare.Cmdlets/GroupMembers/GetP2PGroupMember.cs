using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.GroupMembers;

/// <summary>Gets the members of groups.</summary>
/// <remarks>
/// Only members of a group are told who else is in it. Wildcards select among the groups that the session's user is in
/// and among their members: one that matches nothing is no error, a name without wildcards that is not there is one.
/// </remarks>
/// <example>
/// <code>Get-P2PGroupMember dev</code>
/// <para>Lists the members of the group dev: who they are, which of them owns it, and since when they are in.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroupMember -UserName bob | Select-Object -ExpandProperty Group</code>
/// <para>Names the groups that one shares with bob.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup web* | Get-P2PGroupMember | Group-Object UserName -NoElement</code>
/// <para>Counts in how many of the web groups each user is.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PGroupMember")]
[OutputType(typeof(P2PGroupMember))]
public sealed class GetP2PGroupMember : SessionCmdlet
{
    private readonly HashSet<(string Group, string UserName)> _written = [];

    /// <summary>Names of groups, wildcards allowed; every group that the session's user is in where it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    /// <summary>Names of members, wildcards allowed; all where it is left out. A member who is named twice is written once.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompleter))]
    public string[] UserName { get; set; } = ["*"];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var group in Group)
        {
            IReadOnlyList<MemberResponse> members = [];
            if (await TryAsync(group, async () => members = await ListAsync(group, cancellationToken)))
            {
                foreach (var user in UserName)
                {
                    await TryAsync(user, () => Write(members, group, user));
                }
            }
        }
    }

    private async Task<IReadOnlyList<MemberResponse>> ListAsync(string group, CancellationToken cancellationToken)
    {
        var members = new List<MemberResponse>();
        foreach (var name in await GroupSelection.FindAsync(CurrentSession, group, GroupSelection.IsInside, cancellationToken))
        {
            members.AddRange(await CurrentSession.Client.GetMembersAsync(name, cancellationToken));
        }

        return members;
    }

    private Task Write(IReadOnlyList<MemberResponse> members, string group, string user)
    {
        var found = NameMatch.Select(members, user, member => member.UserName);
        if (found.Count == 0 && !NameMatch.IsPattern(user))
        {
            throw new P2PShareException(ErrorCode.MemberNotFound, NameMatch.IsPattern(group)
                ? $"'{user}' is in none of your groups that match '{group}'."
                : $"'{user}' is not a member of '{group}'.");
        }

        foreach (var member in found.Where(member => _written.Add((member.Group, member.UserName))))
        {
            WriteObject(new P2PGroupMember(member));
        }

        return Task.CompletedTask;
    }
}
