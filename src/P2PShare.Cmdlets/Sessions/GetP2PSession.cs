using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Sessions;

/// <summary>Gets the sessions of this runspace, the default one first.</summary>
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
