using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Makes groups, which the session's user then owns.</summary>
/// <remarks>
/// <para>A group is what files are shared with: only its members see them, and only they can receive them. Who makes a
/// group owns it, is its first member, and decides who joins.</para>
/// <para>A name that is taken is the error GroupNameTaken; the other names of the same command are made all the
/// same.</para>
/// </remarks>
/// <example>
/// <code>New-P2PGroup builds</code>
/// <para>Makes the group builds.</para>
/// </example>
/// <example>
/// <code>'web', 'ops', 'data' | New-P2PGroup -WhatIf</code>
/// <para>Shows which groups would be made. Without -WhatIf they are.</para>
/// </example>
/// <example>
/// <code>Import-Csv ./groups.csv | New-P2PGroup</code>
/// <para>Makes a group for each row of a table that has a column Group or Name.</para>
/// </example>
[Cmdlet(VerbsCommon.New, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PGroup))]
public sealed class NewP2PGroup : SessionCmdlet
{
    /// <summary>
    /// Names of the groups: 1 to 64 letters, digits, <c>.</c>, <c>_</c> or <c>-</c>; two that differ in case only are the
    /// same.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Group")]
    [FromProperty("Group", "Name")]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        foreach (var name in Name)
        {
            if (ShouldProcess(name, "Create group"))
            {
                await TryAsync(name, async () => WriteObject(new P2PGroup(await client.CreateGroupAsync(name, cancellationToken))));
            }
        }
    }
}
