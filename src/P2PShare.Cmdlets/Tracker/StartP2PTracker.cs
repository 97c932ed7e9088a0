using System.Globalization;
using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Runs a tracker on this machine as a job, and returns when it listens.</summary>
/// <remarks>
/// <para>Starts the tracker's program, which comes with the module, as a process of its own, and waits until it accepts
/// connections. The job that it runs in is in Get-Job; Receive-Job gives what the tracker logs. It ends with
/// Stop-P2PTracker, with Stop-Job, and with this shell: a tracker that shall outlive the shell is started by itself, as
/// the page for operators says.</para>
/// <para>On its first start it makes a certificate, and keeps it with its database in -DataPath. Give the address and the
/// fingerprint that it writes to those who shall connect.</para>
/// <para>It fails with PortInUse where another program listens on the port, and with TrackerNotStarted and the tracker's
/// own sentence where the program ends before it listens. It needs the dotnet program of .NET 10 with ASP.NET
/// Core.</para>
/// </remarks>
/// <example>
/// <code>
/// $tracker = Start-P2PTracker
/// Connect-P2PTracker $tracker.Address -Credential alice -Fingerprint $tracker.Fingerprint
/// </code>
/// <para>Runs a tracker for this machine alone, on port 8001, and logs in at it.</para>
/// </example>
/// <example>
/// <code>Start-P2PTracker -Port 8002 -Address 0.0.0.0 -DataPath ./tracker</code>
/// <para>Listens on port 8002 of all addresses of this machine, and keeps accounts, groups and its certificate in the
/// folder tracker.</para>
/// </example>
/// <example>
/// <code>Start-P2PTracker -TrackerInfo ./tracker_info.txt -TrackerNumber 2</code>
/// <para>Runs the tracker of the second line of a file that all trackers and clients share.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Start, "P2PTracker", DefaultParameterSetName = AddressSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PTracker))]
public sealed class StartP2PTracker : AsyncCmdlet
{
    private const string AddressSet = "Address";
    private const string TrackerInfoSet = "TrackerInfo";

    /// <summary>TCP port to listen on.</summary>
    [Parameter(Position = 0, ParameterSetName = AddressSet)]
    [ValidateRange(1, 65535)]
    public int Port { get; set; } = TrackerAddress.DefaultPort;

    /// <summary>
    /// Address or name of this machine to listen on. 0.0.0.0 and :: mean all of its addresses; where it is left out, only
    /// programs of this machine itself can connect.
    /// </summary>
    [Parameter(Position = 1, ParameterSetName = AddressSet)]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>
    /// File with a line <c>host:port [fingerprint]</c> for each tracker; <c>#</c> starts a comment. A path, exactly as
    /// written.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = TrackerInfoSet)]
    [ValidateNotNullOrEmpty]
    public string? TrackerInfo { get; set; }

    /// <summary>Which line of that file this tracker is, from 1; empty lines and comments do not count.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TrackerInfoSet)]
    [ValidateRange(1, int.MaxValue)]
    public int TrackerNumber { get; set; }

    /// <summary>
    /// Folder of the database, the certificate and the key that signs tickets, made where it is missing; else
    /// P2PShare/tracker in the folder of the platform for application data. Two trackers on one folder are one tracker.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DataPath { get; set; }

    protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        var program = Path.Combine(Path.GetDirectoryName(typeof(StartP2PTracker).Assembly.Location)!, "tracker", "P2PShare.TrackerHost.dll");
        string? made = null;
        try
        {
            var (info, number) = TrackerInfo is null
                ? (made = WriteInfo(), 1)
                : (SessionState.Path.GetUnresolvedProviderPathFromPSPath(TrackerInfo), TrackerNumber);
            if (!ShouldProcess(TrackerInfo is null ? $"{Address}:{Port}" : $"tracker {number} of {info}", "Start tracker"))
            {
                return;
            }

            List<string> arguments =
                [info, number.ToString(CultureInfo.InvariantCulture), "--Tracker:StopAtEndOfInput=true"];
            if (DataPath is not null)
            {
                arguments.Add($"--Tracker:DataPath={SessionState.Path.GetUnresolvedProviderPathFromPSPath(DataPath)}");
            }

            var job = await TrackerJob.StartAsync(program, arguments, cancellationToken);
            RunspaceState.Current.Add(job);
            JobRepository.Add(job);
            WriteObject(new P2PTracker(job));
        }
        finally
        {
            if (made is not null)
            {
                File.Delete(made);
            }
        }
    }

    private string WriteInfo()
    {
        // Checked here, because the program would speak of a line of a file that nobody wrote.
        var address = TrackerAddress.Parse(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address.Trim('[', ']')}]:{Port}" : $"{Address}:{Port}");
        var path = Path.GetTempFileName();
        File.WriteAllText(path, address.Authority + "\n");
        return path;
    }
}
