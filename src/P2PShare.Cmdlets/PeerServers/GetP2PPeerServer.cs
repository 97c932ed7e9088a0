using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Gets the peer server of a session; nothing where none runs.</summary>
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
