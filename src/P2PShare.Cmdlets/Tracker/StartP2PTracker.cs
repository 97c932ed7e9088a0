using System.Globalization;
using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Runs a tracker as a job, and returns when it listens.</summary>
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

    /// <summary>Address or name of this machine to listen on; 0.0.0.0 is all, and only this machine itself where it is left out.</summary>
    [Parameter(Position = 1, ParameterSetName = AddressSet)]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>File with a line <c>host:port [fingerprint]</c> for each tracker.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TrackerInfoSet)]
    [ValidateNotNullOrEmpty]
    public string? TrackerInfo { get; set; }

    /// <summary>Which line of that file is this tracker, from 1.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TrackerInfoSet)]
    [ValidateRange(1, int.MaxValue)]
    public int TrackerNumber { get; set; }

    /// <summary>Folder of its database and certificate; else the tracker's own default.</summary>
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
