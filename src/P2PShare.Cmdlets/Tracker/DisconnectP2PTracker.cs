using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Logs out: stops the session's peer server and ends the session at the tracker.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "P2PTracker", SupportsShouldProcess = true)]
[OutputType(typeof(P2PSession))]
public sealed class DisconnectP2PTracker : AsyncCmdlet
{
    /// <summary>The session to end; else the runspace's default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public P2PSession? Session { get; set; }

    /// <summary>Writes each session that was ended; else nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var state = RunspaceState.Current;
        var session = Session ?? state.DefaultSession ?? throw new P2PShareException(
            ErrorCode.NotLoggedIn, "This runspace has no session to disconnect.");
        if (!ShouldProcess(session.ToString(), "Disconnect"))
        {
            return;
        }

        state.Remove(session);
        if (await session.DisconnectAsync(cancellationToken) is { Code: not ErrorCode.NotLoggedIn } untold)
        {
            WriteWarning($"The session ended here, but the tracker could not be told: {untold.Message}");
        }

        if (PassThru)
        {
            WriteObject(session);
        }
    }
}
