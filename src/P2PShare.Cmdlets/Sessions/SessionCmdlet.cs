using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Sessions;

/// <summary>A cmdlet that acts in a session.</summary>
public abstract class SessionCmdlet : AsyncCmdlet
{
    private protected SessionCmdlet()
    {
    }

    /// <summary>The session to act in; else the runspace's default, which Connect-P2PTracker sets.</summary>
    [Parameter]
    [ValidateNotNull]
    public P2PSession? Session { get; set; }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.NotLoggedIn"/>.</exception>
    private protected P2PSession CurrentSession
    {
        get
        {
            var session = Session ?? RunspaceState.Current.DefaultSession ?? throw new P2PShareException(
                ErrorCode.NotLoggedIn, "This runspace has no session. Use Connect-P2PTracker first, or give one with -Session.");
            return session.Connected ? session : throw new P2PShareException(
                ErrorCode.NotLoggedIn, $"The session of {session.UserName} at {session.Tracker} was disconnected. Use Connect-P2PTracker again.");
        }
    }
}
