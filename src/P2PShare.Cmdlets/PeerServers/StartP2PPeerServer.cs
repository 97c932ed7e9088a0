using System.Management.Automation;
using System.Net;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Transfer;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Starts the session's peer server, which offers the user's files, as a job.</summary>
/// <remarks>
/// <para>A peer server listens for other peers, announces to the tracker what this machine has, and serves it to the members of
/// the groups with which it is shared. Files that were shared earlier with the same state folder are offered again if they
/// have not changed; a warning names those that have. Send-P2PFile, Receive-P2PFile and Resume-P2PDownload start a peer
/// server by themselves: use this cmdlet to choose a port or limits, or for a machine that only serves.</para>
/// <para>It writes a job: Receive-Job returns one object for each upload that ended, Stop-Job stops the peer server, and it
/// ends with its session and with the shell. A session has one peer server; a second one is the error PeerServerRunning, and
/// a port that is taken is PortInUse. If a firewall accepts no incoming connections, it serves over the connections that it
/// opens itself.</para>
/// </remarks>
/// <example>
/// <code>Start-P2PPeerServer -Port 8002 -UploadLimit 20MB</code>
/// <para>Serves on a port that the firewall allows, with at most 20 MB a second.</para>
/// </example>
/// <example>
/// <code>
/// $job = Start-P2PPeerServer
/// $job | Receive-Job | Group-Object UserName | Select-Object Name, Count
/// </code>
/// <para>Serves in the background; later shows how many files each user received.</para>
/// </example>
/// <example>
/// <code>Start-P2PPeerServer -Name builds -StopTimeoutSec 60 | Wait-Job</code>
/// <para>Serves until it is stopped, as the last line of a script that runs as a service.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Start, "P2PPeerServer", SupportsShouldProcess = true)]
[OutputType(typeof(Job))]
public sealed class StartP2PPeerServer : SessionCmdlet
{
    /// <summary>TCP port to listen on; 0 is any free port.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(0, 65535)]
    public int Port { get; set; }

    /// <summary>Address of this machine to listen on; all addresses if it is left out.</summary>
    [Parameter]
    [ValidateNotNull]
    public IPAddress? Address { get; set; }

    /// <summary>
    /// Maximum bytes a second of all uploads together, such as 20MB; 0 is no limit. No limit if it is left out.
    /// </summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? UploadLimit { get; set; }

    /// <summary>
    /// Maximum bytes a second of all downloads together, such as 20MB; 0 is no limit. No limit if it is left out.
    /// </summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? DownloadLimit { get; set; }

    /// <summary>
    /// Maximum number of connections of one address (IPv6: of one /64 network), 64 if it is left out. Peers behind one router share an
    /// address.
    /// </summary>
    [Parameter]
    [ValidateRange(1, 2048)]
    public int AddressConnectionLimit { get; set; } = 64;

    /// <summary>Maximum number of handshakes of one address at once, 8 if it is left out; further ones wait for their turn.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int AddressHandshakeLimit { get; set; } = 8;

    /// <summary>Maximum number of connections of one user from all addresses, 256 if it is left out.</summary>
    [Parameter]
    [ValidateRange(1, 2048)]
    public int UserConnectionLimit { get; set; } = 256;

    /// <summary>
    /// Sends and requests all bytes as they are. By default blocks that shrink are compressed where the line is slower than the processors.
    /// </summary>
    [Parameter]
    public SwitchParameter NoCompression { get; set; }

    /// <summary>Seconds for which running uploads may continue when the peer server is stopped.</summary>
    [Parameter]
    [ValidateRange(0, 3600)]
    public int StopTimeoutSec { get; set; } = PeerServerJob.DefaultStopTimeout;

    /// <summary>Name of the job; P2PPeerServer if it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        var session = CurrentSession;
        if (!ShouldProcess(session.ToString(), "Start the peer server"))
        {
            return;
        }

        var options = new PeerServerOptions
        {
            Address = Address,
            Port = Port,
            UploadLimit = PeerServerLimit.ToEngine(UploadLimit),
            DownloadLimit = PeerServerLimit.ToEngine(DownloadLimit),
            Compression = !NoCompression,
            ConnectionLimits = new() { PerAddress = AddressConnectionLimit, HandshakesPerAddress = AddressHandshakeLimit, PerUser = UserConnectionLimit },
        };
        var job = await GetPeerServerAsync(session, options, Name, cancellationToken);
        job.StopTimeout = TimeSpan.FromSeconds(StopTimeoutSec);
        WriteObject(job);
    }
}
