using System.Management.Automation;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Changes the limits of a running peer server.</summary>
/// <remarks>
/// <para>Limits of bytes take effect at once, also for running transfers; limits of connections for those that come afterwards. A
/// limit that is left out does not change. The limits are
/// not kept for the next peer server. If none runs, it is the error PeerServerNotRunning.</para>
/// </remarks>
/// <example>
/// <code>Set-P2PPeerServer -UploadLimit 20MB</code>
/// <para>Limits uploads to 20 MB a second.</para>
/// </example>
/// <example>
/// <code>Set-P2PPeerServer -UploadLimit 0 -DownloadLimit 0 -PassThru | Format-List</code>
/// <para>Removes both limits and shows the peer server.</para>
/// </example>
[Cmdlet(VerbsCommon.Set, "P2PPeerServer", SupportsShouldProcess = true)]
[OutputType(typeof(P2PPeerServer))]
public sealed class SetP2PPeerServer : PeerServerCmdlet
{
    /// <summary>Maximum bytes a second of all uploads together, such as 20MB; 0 is no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? UploadLimit { get; set; }

    /// <summary>Maximum bytes a second of all downloads together, such as 20MB; 0 is no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? DownloadLimit { get; set; }

    /// <summary>
    /// Maximum number of connections of one address (IPv6: of one /64 network). Peers behind one router share an
    /// address.
    /// </summary>
    [Parameter]
    [ValidateRange(1, 2048)]
    public int? AddressConnectionLimit { get; set; }

    /// <summary>Maximum number of handshakes of one address at once; further ones wait for their turn.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int? AddressHandshakeLimit { get; set; }

    /// <summary>Maximum number of connections of one user from all addresses.</summary>
    [Parameter]
    [ValidateRange(1, 2048)]
    public int? UserConnectionLimit { get; set; }

    /// <summary>Sends and requests all bytes as they are; -NoCompression:$false compresses again what shrinks on slow lines.</summary>
    [Parameter]
    public SwitchParameter NoCompression { get; set; }

    /// <summary>Seconds for which running uploads may continue when the peer server is stopped.</summary>
    [Parameter]
    [ValidateRange(0, 3600)]
    public int? StopTimeoutSec { get; set; }

    /// <summary>Writes the peer server; by default nothing is written.</summary>
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

        var limits = job.Server.ConnectionLimits;
        job.Server.ConnectionLimits = new()
        {
            PerAddress = AddressConnectionLimit ?? limits.PerAddress,
            HandshakesPerAddress = AddressHandshakeLimit ?? limits.HandshakesPerAddress,
            PerUser = UserConnectionLimit ?? limits.PerUser,
        };
        if (MyInvocation.BoundParameters.ContainsKey(nameof(NoCompression)))
        {
            job.Server.Compression = !NoCompression;
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
