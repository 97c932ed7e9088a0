using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Sessions;

/// <summary>Gets the sessions of this runspace, the default one first.</summary>
/// <remarks>
/// <para>Sessions belong to a runspace: other runspaces of the same shell, such as those of ForEach-Object -Parallel, have
/// none of them; pass them a session with -Session. No request is sent to the tracker.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PSession</code>
/// <para>Shows all sessions with their users and trackers. Cmdlets use the first one without -Session.</para>
/// </example>
/// <example>
/// <code>
/// $alice = Get-P2PSession | Where-Object UserName -eq alice
/// Get-P2PGroup -Session $alice
/// </code>
/// <para>Finds the session of alice and lists the groups as she sees them.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PSession")]
[OutputType(typeof(P2PSession))]
public sealed class GetP2PSession : AsyncCmdlet
{
    protected override Task EndAsync(CancellationToken cancellationToken)
    {
        var state = RunspaceState.Current;
        foreach (var session in state.Sessions.OrderByDescending(session => session == state.DefaultSession))
        {
            WriteObject(session);
        }

        return Task.CompletedTask;
    }
}
