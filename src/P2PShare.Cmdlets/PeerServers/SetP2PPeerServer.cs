using System.Management.Automation;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Changes the limits of a peer server that runs.</summary>
/// <remarks>
/// <para>They take effect at once, for the transfers that run too; what is left out stays as it is. The limits last as
/// long as this peer server: the next one is started with its own. Where none runs it is the error
/// PeerServerNotRunning.</para>
/// </remarks>
/// <example>
/// <code>Set-P2PPeerServer -UploadLimit 20MB</code>
/// <para>Sends at most 20 MB a second from now on.</para>
/// </example>
/// <example>
/// <code>Set-P2PPeerServer -UploadLimit 0 -DownloadLimit 0 -PassThru | Format-List</code>
/// <para>Takes both limits away and shows the peer server.</para>
/// </example>
[Cmdlet(VerbsCommon.Set, "P2PPeerServer", SupportsShouldProcess = true)]
[OutputType(typeof(P2PPeerServer))]
public sealed class SetP2PPeerServer : PeerServerCmdlet
{
    /// <summary>Most bytes a second that all uploads together send, such as 20MB; 0 is no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? UploadLimit { get; set; }

    /// <summary>Most bytes a second that all downloads together take, such as 20MB; 0 is no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? DownloadLimit { get; set; }

    /// <summary>Seconds that uploads which run may go on when the peer server is stopped.</summary>
    [Parameter]
    [ValidateRange(0, 3600)]
    public int? StopTimeoutSec { get; set; }

    /// <summary>Writes the peer server; else nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override Task ProcessAsync(CancellationToken cancellationToken)
    {
        var job = FindJob() ?? throw new P2PShareException(
            ErrorCode.PeerServerNotRunning, "No peer server runs in this session.");
        if (!ShouldProcess(job.Session.ToString(), "Change the peer server's limits"))
        {
            return Task.CompletedTask;
        }

        if (UploadLimit is not null)
        {
            job.Server.UploadLimit = PeerServerLimit.ToEngine(UploadLimit);
        }

        if (DownloadLimit is not null)
        {
            job.Server.DownloadLimit = PeerServerLimit.ToEngine(DownloadLimit);
        }

        if (StopTimeoutSec is { } seconds)
        {
            job.StopTimeout = TimeSpan.FromSeconds(seconds);
        }

        if (PassThru)
        {
            WriteObject(new P2PPeerServer(job));
        }

        return Task.CompletedTask;
    }
}
