using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Creates groups, which the session's user owns.</summary>
/// <remarks>
/// <para>Files are shared with a group: only its members can see and receive them. The user who creates a group owns it, is
/// its first member, and answers join requests.</para>
/// <para>A name that is taken is the error GroupNameTaken; the other groups of the same command are created all the
/// same.</para>
/// </remarks>
/// <example>
/// <code>New-P2PGroup builds</code>
/// <para>Creates the group builds.</para>
/// </example>
/// <example>
/// <code>'web', 'ops', 'data' | New-P2PGroup -WhatIf</code>
/// <para>Shows which groups would be created. Without -WhatIf they are.</para>
/// </example>
/// <example>
/// <code>New-P2PGroup audit-2026 -Unlisted</code>
/// <para>Creates a group that only users who know its exact name find.</para>
/// </example>
/// <example>
/// <code>New-P2PGroup images -DefaultRole Reader</code>
/// <para>Creates a group whose new members receive files and share none, until they are given another role.</para>
/// </example>
/// <example>
/// <code>Import-Csv ./groups.csv | New-P2PGroup</code>
/// <para>Creates a group for each row of a table that has a column Group or Name.</para>
/// </example>
[Cmdlet(VerbsCommon.New, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PGroup))]
public sealed class NewP2PGroup : SessionCmdlet
{
    /// <summary>
    /// Names of the groups: 1 to 64 letters, digits, <c>.</c>, <c>_</c> or <c>-</c>; names that differ only in case are the
    /// same.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Group")]
    [FromProperty("Group", "Name")]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>
    /// Keeps the groups out of the list of groups. Users who are in them or have asked to join see them there; others find them by their exact names.
    /// </summary>
    [Parameter]
    public SwitchParameter Unlisted { get; set; }

    /// <summary>What users become who are made members without another role: Reader, Publisher or Manager; Publisher if it is left out.</summary>
    [Parameter]
    public P2PMemberRole? DefaultRole { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        foreach (var name in Name)
        {
            if (ShouldProcess(name, "Create group"))
            {
                await TryAsync(name, async () => WriteObject(new P2PGroup(await client.CreateGroupAsync(new CreateGroupRequest(name, !Unlisted, (MemberRole?)DefaultRole), cancellationToken))));
            }
        }
    }
}
