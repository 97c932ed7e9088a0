using System.Management.Automation;
using P2PShare.Cmdlets.PeerServers;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Transfer;

namespace P2PShare.Cmdlets.Sessions;

/// <summary>A cmdlet that uses a session.</summary>
public abstract class SessionCmdlet : AsyncCmdlet
{
    private protected SessionCmdlet()
    {
    }

    /// <summary>
    /// The session to use, from Connect-P2PTracker or Get-P2PSession. If it is left out, the default session of this runspace,
    /// which Connect-P2PTracker sets.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public P2PSession? Session { get; set; }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.NotLoggedIn"/>.</exception>
    private protected P2PSession CurrentSession
    {
        get
        {
            var session = Session ?? RunspaceState.Current.DefaultSession ?? throw new P2PShareException(
                ErrorCode.NotLoggedIn, "This runspace has no session.");
            // A command may change what there is to complete.
            session.Names.Clear();
            return session.Connected ? session : throw session.Client.Ended ?? new P2PShareException(
                ErrorCode.NotLoggedIn, $"The session of {session.UserName} at {session.Tracker} was disconnected.");
        }
    }

    /// <summary>The session's peer server; started, as a job, if none runs.</summary>
    private protected Task<PeerServerJob> GetPeerServerAsync(CancellationToken cancellationToken) =>
        GetPeerServerAsync(CurrentSession, null, null, cancellationToken);

    /// <param name="options">For a new one; null accepts one that runs already.</param>
    private protected async Task<PeerServerJob> GetPeerServerAsync(
        P2PSession session, PeerServerOptions? options, string? jobName, CancellationToken cancellationToken)
    {
        var job = await session.GetPeerServerAsync(RunspaceState.Current, JobRepository, options, jobName, cancellationToken);
        foreach (var warning in job.TakeWarnings())
        {
            WriteWarning(warning);
        }

        return job;
    }
}
