using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>A cmdlet that acts on a running peer server.</summary>
public abstract class PeerServerCmdlet : SessionCmdlet
{
    private protected PeerServerCmdlet()
    {
    }

    /// <summary>The peer server, from Get-P2PPeerServer; the session's if it is left out.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public P2PPeerServer? InputObject { get; set; }

    private protected PeerServerJob? FindJob() => InputObject is { } server
        ? server.PeerServerJob.IsFinished ? null : server.PeerServerJob
        : CurrentSession.RunningPeerServer;
}
