using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Gets the peer server of a session.</summary>
/// <remarks>
/// <para>Writes nothing if none runs. The peer server has its port, the number of files that it offers and of peers that are
/// connected, the bytes sent and received, and its limits. The numbers are those of the moment at which they are read. Its
/// Job is the one that Get-Job shows.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PPeerServer</code>
/// <para>Shows the peer server of the default session.</para>
/// </example>
/// <example>
/// <code>Get-P2PSession | ForEach-Object { Get-P2PPeerServer -Session $_ }</code>
/// <para>Shows the peer servers of all sessions of this runspace.</para>
/// </example>
/// <example>
/// <code>(Get-P2PPeerServer).Job | Receive-Job</code>
/// <para>Writes the uploads that have ended since the last call.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PPeerServer")]
[OutputType(typeof(P2PPeerServer))]
public sealed class GetP2PPeerServer : SessionCmdlet
{
    protected override Task EndAsync(CancellationToken cancellationToken)
    {
        if (CurrentSession.RunningPeerServer is { } job)
        {
            WriteObject(new P2PPeerServer(job));
        }

        return Task.CompletedTask;
    }
}
