using System.Globalization;
using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Runs a tracker on this machine as a job, and returns when it listens.</summary>
/// <remarks>
/// <para>Starts the tracker's program, which is part of the module, as a process of its own, and waits until it accepts
/// connections. Get-Job lists its job; Receive-Job returns the tracker's log. It ends with Stop-P2PTracker, with Stop-Job, and
/// with this shell. To run a tracker permanently, start its program by itself, as the page for operators describes.</para>
/// <para>On its first start the tracker creates a certificate, and keeps it with its database in -DataPath. Users of other
/// machines need the address and the fingerprint that it writes; this runspace connects without them.</para>
/// <para>It fails with TrackerNotStarted and the last lines of the tracker's log if the program ends before it listens, for
/// example because another program listens on the port. It needs the dotnet program of .NET 10 with ASP.NET Core.</para>
/// </remarks>
/// <example>
/// <code>
/// $tracker = Start-P2PTracker
/// Connect-P2PTracker $tracker.Address -Credential alice -Fingerprint $tracker.Fingerprint
/// </code>
/// <para>Runs a tracker for this machine only, on port 8001, and logs in.</para>
/// </example>
/// <example>
/// <code>Start-P2PTracker -Port 8002 -Address 0.0.0.0 -DataPath ./tracker</code>
/// <para>Listens on port 8002 of all addresses of this machine, and keeps accounts, groups and the certificate in the folder
/// tracker.</para>
/// </example>
/// <example>
/// <code>Start-P2PTracker -TrackerInfo ./tracker_info.txt -TrackerNumber 2</code>
/// <para>Runs the tracker of the second line of a file that all trackers and clients use.</para>
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
    /// Address or name of this machine to listen on; 0.0.0.0 and :: are all of its addresses. If it is left out, only programs
    /// on this machine can connect.
    /// </summary>
    [Parameter(Position = 1, ParameterSetName = AddressSet)]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>
    /// File with a line <c>host:port [fingerprint]</c> for each tracker; <c>#</c> starts a comment. A path without wildcards.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = TrackerInfoSet)]
    [ValidateNotNullOrEmpty]
    public string? TrackerInfo { get; set; }

    /// <summary>The number of this tracker's line in that file, from 1; empty lines and comments do not count.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TrackerInfoSet)]
    [ValidateRange(1, int.MaxValue)]
    public int TrackerNumber { get; set; }

    /// <summary>
    /// Folder for the database, the certificate and the key that signs tickets, created if it is missing. If it is left out,
    /// P2PShare/tracker in the platform's folder for application data. Two trackers on one folder have the same users and
    /// groups.
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
                : (ProviderPath.Resolve(SessionState, TrackerInfo, nameof(TrackerInfo), ErrorCode.InvalidTrackerInfo), TrackerNumber);
            if (!ShouldProcess(TrackerInfo is null ? $"{Address}:{Port}" : $"tracker {number} of {info}", "Start tracker"))
            {
                return;
            }

            List<string> arguments =
                [info, number.ToString(CultureInfo.InvariantCulture), "--Tracker:StopAtEndOfInput=true"];
            if (DataPath is not null)
            {
                arguments.Add($"--Tracker:DataPath={ProviderPath.Resolve(SessionState, DataPath, nameof(DataPath), ErrorCode.InvalidConfiguration)}");
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
        // Checked here, because the program would report a line of a temporary file.
        var address = TrackerAddress.Parse(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address.Trim('[', ']')}]:{Port}" : $"{Address}:{Port}");
        var path = Path.GetTempFileName();
        File.WriteAllText(path, address.Authority + "\n");
        return path;
    }
}
