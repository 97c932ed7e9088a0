using System.Management.Automation;
using P2PShare.Cmdlets.Files;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using PSSession = System.Management.Automation.Runspaces.PSSession;

namespace P2PShare.Cmdlets.Copying;

/// <summary>Copies files to many machines at once through sessions of PowerShell; the machines need nothing installed.</summary>
/// <remarks>
/// <para>Each machine serves the others what it has already, so that the file leaves this machine about once, however many receive it. The
/// session carries only a small script, the fingerprint of this machine's tracker and a secret that is good for one use; the bytes go from
/// peer to peer, over TLS with a certificate on both sides, and every piece is checked. A tracker of its own runs on this machine as long as
/// the copy; it, the accounts and the engine on the machines are removed at the end.</para>
/// <para>The machines need PowerShell 7.6 in a session of full language. A machine that has this version of P2PShare uses it; any other
/// fetches the engine, some megabytes, from this machine, and removes it at the end unless -Keep is given. This machine needs the .NET 10
/// runtime with ASP.NET Core.</para>
/// <para>The destination follows Copy-Item: an existing folder receives the files; otherwise a single file or folder gets the destination's
/// name. A file that exists is an error of its target, unless -Force is given. Each target that fails is one error, and the others finish.
/// After Ctrl+C, a lost session or a full disk only the part file (name.p2ppart) is left; the same command continues it.</para>
/// </remarks>
/// <example>
/// <code>
/// $s = New-PSSession -HostName (Get-Content ./hosts.txt)
/// Copy-P2PItem ./image.vhdx -Destination /var/lib/images -ToSession $s
/// </code>
/// <para>Copies an image to all machines of a list.</para>
/// </example>
/// <example>
/// <code>Copy-P2PItem ./image.vhdx -Destination /var/lib/images -HostName (Get-Content ./hosts.txt) -UserName admin -AsJob | Wait-Job | Receive-Job</code>
/// <para>The same in the background, with sessions that are opened for the copy and closed after it.</para>
/// </example>
/// <example>
/// <code>Copy-P2PItem ./site -Recurse -Destination /srv -ToSession $s -UploadLimit 20MB -PassThru</code>
/// <para>Copies a folder; this machine and each target send at most 20 MB a second. Writes what became of each target.</para>
/// </example>
/// <example>
/// <code>Copy-P2PItem /var/log/app.log -Destination ./logs -FromSession $s</code>
/// <para>Collects a file from all machines, each below a folder of its name.</para>
/// </example>
[Cmdlet(VerbsCommon.Copy, "P2PItem", DefaultParameterSetName = PathToSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PCopyResult), typeof(Job))]
public sealed class CopyP2PItem : RemoteMachineCmdlet
{
    private const string PathToSet = "PathToSession";
    private const string LiteralPathToSet = "LiteralPathToSession";
    private const string PathFromSet = "PathFromSession";
    private const string LiteralPathFromSet = "LiteralPathFromSession";

    private readonly List<string> _paths = [];
    private IReadOnlyList<PSSession> _opened = [];

    /// <summary>Paths of files, or of folders with -Recurse; wildcards are resolved on this machine. With -FromSession, paths on the machines.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathToSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathFromSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathHostNameSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathComputerNameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>
    /// Paths of files, or of folders with -Recurse, without wildcards: <c>[</c>, <c>*</c> and <c>?</c> are ordinary characters.
    /// Accepts the output of Get-ChildItem and Get-Item.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathToSet, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathFromSet, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathHostNameSet, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathComputerNameSet, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// Where the files go: a folder that exists, or the new name of a single file or folder; a relative path starts at the session's location.
    /// With -FromSession, a folder of this machine, created if it is missing, in which each session gets a folder of its name.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>The sessions to copy to, from New-PSSession. They stay open.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathToSet)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathToSet)]
    [ValidateNotNullOrEmpty]
    public PSSession[] ToSession { get; set; } = [];

    /// <summary>The sessions to copy from, from New-PSSession. They stay open.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathFromSet)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathFromSet)]
    [ValidateNotNullOrEmpty]
    public PSSession[] FromSession { get; set; } = [];

    /// <summary>Copies all files in a folder and its subfolders. Hidden files and links are left out.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Replaces files that exist already, each in one step when the new file is complete.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>
    /// Leaves the engine on the machines for the next copy, in the user's folder for application data (P2PShare/engines); its hash is checked before it is used.
    /// </summary>
    [Parameter]
    public SwitchParameter Keep { get; set; }

    /// <summary>Maximum number of machines that copy at a time.</summary>
    [Parameter]
    [ValidateRange(1, 1000)]
    public int ThrottleLimit { get; set; } = 64;

    /// <summary>Maximum bytes a second that this machine, and each of the others, sends, such as 20MB; 0 is no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long UploadLimit { get; set; }

    /// <summary>Writes what became of each target; by default nothing is written, and a target that fails is an error.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Copies in the background: writes a job at once, whose output is what became of each target.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    private bool IsFrom => ParameterSetName is PathFromSet or LiteralPathFromSet;

    private bool IsLiteral => ParameterSetName.StartsWith("Literal", StringComparison.Ordinal);

    // The names of the machines, if sessions are to be opened.
    private string[] Machines => HostName.Length > 0 ? HostName : ComputerName;

    /// <summary>The fault of a target; null if it has none.</summary>
    internal static P2PShareException? FindFault(P2PCopyResult result) => result.State == P2PCopyState.Failed
        ? new P2PShareException(ErrorCode.CopyFailed, $"{result.Target}: {result.Error}", result.Cause)
        : null;

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var given in IsLiteral ? LiteralPath : Path)
        {
            await TryAsync(given, () =>
            {
                _paths.AddRange(IsFrom ? [given] : LocalFiles.Resolve(SessionState, given, IsLiteral));
                return Task.CompletedTask;
            });
        }
    }

    protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_paths.Count == 0)
        {
            return;
        }

        List<(PSSession Session, string Name)> chosen;
        if (Machines.Length > 0)
        {
            string[] machines = [.. Machines.Where(machine => ShouldProcess(machine, Action))];
            if (machines.Length == 0)
            {
                return;
            }

            _opened = OpenSessions(machines);
            chosen = NameSessions(_opened);
        }
        else
        {
            chosen = [.. NameSessions(IsFrom ? FromSession : ToSession).Where(one => ShouldProcess(one.Name, Action))];
        }

        if (chosen.Count == 0)
        {
            return;
        }

        var request = new CopyRequest(
            chosen, _paths, IsLiteral, IsFrom ? LocalFiles.ResolveDestination(SessionState, Destination) : Destination, IsFrom, Recurse, Force, Keep, ThrottleLimit,
            UploadLimit > 0 ? UploadLimit : null);
        if (AsJob)
        {
            var opened = _opened;
            _opened = [];
            var job = new CopyJob(request, ShowsProgress, () => SessionOpener.Close(opened));
            RunspaceState.Current.Add(job);
            JobRepository.Add(job);
            job.Start();
            WriteObject(job);
            return;
        }

        await new CopyLoop(request, WriteResult, WriteWarning, WriteVerbose, NewProgress(CopyLoop.ActivityId, CopyLoop.Activity)).RunAsync(cancellationToken);
    }

    protected override Task CleanUpAsync()
    {
        SessionOpener.Close(_opened);
        return Task.CompletedTask;
    }

    private string Action => IsFrom ? $"Copy '{string.Join("', '", _paths)}' to '{Destination}' of this machine" : $"Copy '{string.Join("', '", _paths)}' to '{Destination}'";

    private static List<(PSSession Session, string Name)> NameSessions(IEnumerable<PSSession> sessions)
    {
        var all = sessions.Distinct().ToList();
        return [.. all.Zip(TargetNames.Make([.. all.Select(session => (session.ComputerName, session.Name))]))];
    }

    private void WriteResult(P2PCopyResult result)
    {
        if (PassThru)
        {
            WriteObject(result);
        }

        if (FindFault(result) is { } fault)
        {
            WriteFault(fault, result.Target);
        }
    }
}
