using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Sessions;

/// <summary>Gets the sessions of this runspace, the default one first.</summary>
/// <remarks>
/// <para>Sessions belong to a runspace: other runspaces of the same shell, such as those of ForEach-Object -Parallel, have
/// none of them; pass them a session with -Session.</para>
/// <para>Connected is false after Disconnect-P2PTracker, and if the tracker does not accept the session any more: it expired, or was ended by
/// a change of the password or the removal of the user. That is asked of the trackers, all at once and for at most two seconds; a session whose
/// tracker does not answer in that time stays as it was.</para>
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
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        var state = RunspaceState.Current;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        await Task.WhenAll(state.Sessions.Where(session => session.Connected).Select(session => session.ProbeAsync(patience.Token)));
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var session in state.Sessions.OrderByDescending(session => session == state.DefaultSession))
        {
            WriteObject(session);
        }
    }
}
