using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Logs out: stops the session's peer server and ends the session at the tracker.</summary>
/// <remarks>
/// <para>Nothing is offered to other peers any more, and running downloads are suspended; Resume-P2PDownload continues them in
/// the next session of the same user and state folder. Shares are kept: the next peer server offers them again.</para>
/// <para>If the tracker does not answer within five seconds, the session ends on this machine all the same, and a warning
/// reports that the tracker could not be informed.</para>
/// </remarks>
/// <example>
/// <code>Disconnect-P2PTracker</code>
/// <para>Ends the default session; this runspace then has none until the next Connect-P2PTracker.</para>
/// </example>
/// <example>
/// <code>Get-P2PSession | Disconnect-P2PTracker</code>
/// <para>Ends all sessions of this runspace, as at the end of a script.</para>
/// </example>
[Cmdlet(VerbsCommunications.Disconnect, "P2PTracker", SupportsShouldProcess = true)]
[OutputType(typeof(P2PSession))]
public sealed class DisconnectP2PTracker : AsyncCmdlet
{
    /// <summary>
    /// The session to end, from Connect-P2PTracker or Get-P2PSession; the default session of this runspace if it is left out.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public P2PSession? Session { get; set; }

    /// <summary>Writes each ended session; by default nothing is written.</summary>
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
        if (await session.DisconnectAsync(cancellationToken) is { Code: not ErrorCode.NotLoggedIn } unsent)
        {
            WriteWarning($"The session ended here, but the tracker could not be informed: {unsent.Message}");
        }

        if (PassThru)
        {
            WriteObject(session);
        }
    }
}
