using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Logs out: stops the session's peer server and ends the session at the tracker.</summary>
/// <remarks>
/// <para>Nothing is offered to others any more, and running downloads are put on hold; the next session of the same user
/// and state folder can go on with them by Resume-P2PDownload. Shares are kept: the next peer server offers them
/// again.</para>
/// <para>Where the tracker does not answer within five seconds the session ends here all the same, and a warning says
/// that the tracker could not be told.</para>
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
    /// The session to end, from Connect-P2PTracker or Get-P2PSession; the default of this runspace where it is left out.
    /// </summary>
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
