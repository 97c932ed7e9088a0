using System.Management.Automation;
using P2PShare.Cmdlets.Downloads;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Files;

/// <summary>Receives files of groups from all peers that have them, several at a time.</summary>
/// <remarks>
/// <para>Receives the pieces of each file from all peers that have some, verifies every piece against the file's hash tree,
/// and serves verified pieces to other peers from the first one on. The session's peer server is started if none runs. A file
/// is called <c>name.p2ppart</c> until it is complete; then it gets its name in one step. Folders in names are created in
/// -Destination.</para>
/// <para>A received file has the time of modification of the file that was shared and, between Unix systems, can be executed if
/// that could; no other permission is taken over. -NoAttributes leaves both as they are for any new file.</para>
/// <para>Ctrl+C, a lost source and a closed shell lose nothing that was received: the same command, or
/// Resume-P2PDownload, continues from there. A source that sends wrong bytes is not asked again. If no source of a file is
/// online, the download waits half a minute for one, and then fails with NoSourceOnline.</para>
/// <para>Of several contents of one path, such as all versions of a file (Get-P2PFile -Version), the first is received, and each other
/// one is the error DestinationInvalid, also with -Force.</para>
/// <para>A file that exists already is the error DestinationExists, unless -Force is given. Each file that fails is an
/// error of its own, with an id and advice, and the other files are received. -PassThru writes each file as soon as it is
/// complete. -AsJob returns a job at once, for Wait-Job, Receive-Job and Stop-Job.</para>
/// <para>Zeros are not received: pieces of zeros are known from the hash tree, and blocks of zeros become holes, so that a disk
/// image takes the space of what is in it, if the file system has sparse files.</para>
/// </remarks>
/// <example>
/// <code>Receive-P2PFile builds image.vhdx</code>
/// <para>Receives one file into the current folder.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile -Group web -Name site/* | Receive-P2PFile -Destination ./www</code>
/// <para>Receives a folder that was shared with -Recurse into ./www/site.</para>
/// </example>
/// <example>
/// <code>
/// $job = Get-P2PFile -Group builds -Name *.vhdx | Receive-P2PFile -Destination ./images -AsJob
/// Get-P2PDownload -State Running
/// $job | Wait-Job | Receive-Job
/// </code>
/// <para>Receives in the background, shows the running downloads, and then writes the received files.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile -Group builds | Receive-P2PFile -Destination ./images -ThrottleLimit 2 -DownloadLimit 20MB -PassThru -ErrorVariable failed</code>
/// <para>Receives two files at a time with at most 20 MB a second each, writes each file when it is complete, and keeps the
/// errors in $failed.</para>
/// </example>
/// <example>
/// <code>Receive-P2PFile builds image.vhdx -Destination ./images -Force -InPlace</code>
/// <para>Changes the pieces of ./images/image.vhdx that differ, on a disk that has no room for a second file of that size.</para>
/// </example>
/// <example>
/// <code>Receive-P2PFile builds image.vhdx -Version 3 -Force</code>
/// <para>Goes back to the content that image.vhdx had before it was replaced, if that was its third.</para>
/// </example>
/// <example>
/// <code>Receive-P2PFile builds image-2.tar -ReuseFrom ./image-1.tar, ./unpacked</code>
/// <para>Receives a file, and takes from an older file and from a folder what they have of it.</para>
/// </example>
[Cmdlet(VerbsCommunications.Receive, "P2PFile", DefaultParameterSetName = InputObjectSet, SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo), typeof(Job))]
public sealed class ReceiveP2PFile : SessionCmdlet
{
    private const string InputObjectSet = "InputObject";
    private const string NameSet = "Name";

    private readonly List<(DownloadRequest Request, object Target)> _forJob = [];
    private FileSelection? _selection;
    private ReceiveLoop? _receiving;
    private string _folder = "";
    private ReceiveDestinations? _destinations;
    private Task<IReadOnlyList<ReuseFile>>? _reuseFrom;

    /// <summary>Files, from Get-P2PFile or Send-P2PFile.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public P2PFile[] InputObject { get; set; } = [];

    /// <summary>The group that has the files. No wildcards; Get-P2PFile selects files of several groups.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>
    /// Names of files in the group, wildcards allowed. A name without wildcards that the group does not have is an error.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>
    /// Receives this version of each file, as Get-P2PFile -Version lists it, instead of the current one. It can be received as long as the
    /// tracker keeps it (KeptUntil) and a peer has it.
    /// </summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompleter))]
    public long? Version { get; set; }

    /// <summary>
    /// Folder for the files, created if it is missing. A path of the file system without wildcards; the current folder if it is
    /// left out.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = ".";

    /// <summary>Maximum number of files at a time. Files of at most 64 KiB are received hundreds at a time beside them.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; } = 16;

    /// <summary>
    /// Maximum bytes a second for each file, such as 20MB, in addition to the limit of the peer server; 0 is no limit. If it
    /// is left out, a download that is resumed keeps its limit.
    /// </summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? DownloadLimit { get; set; }

    /// <summary>Replaces files that exist already, each in one step when the new file is complete.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>
    /// With -Force, changes an existing file piece by piece, and does not receive a new file beside it: that takes no second
    /// file's space, and only pieces that differ are received. The old file is gone with the first change: until the download is complete there
    /// is only the part file, and after a crash the same command has to continue it. Remove-P2PDownload refuses to delete it. The file keeps its permissions, after a crash those of its owner alone. A file with several names
    /// (hard links), one of another user, one that this session shares, and one beside an unfinished download are refused.
    /// </summary>
    [Parameter]
    public SwitchParameter InPlace { get; set; }

    /// <summary>
    /// Leaves the time of modification and the permissions of received files as this machine makes them; by default the file has the
    /// time of the file that was shared, and on Unix can be executed if that could.
    /// </summary>
    [Parameter]
    public SwitchParameter NoAttributes { get; set; }

    /// <summary>
    /// Files, or folders with all files below them, that may have bytes of the files to receive: paths without wildcards. What is found there by the
    /// chunk map of a file (Send-P2PFile -ChunkMap) is not fetched. The file that is replaced, and files of the group on this machine
    /// whose names differ by a version only, are searched without being named. Links (named ones too), hidden files, devices, files that cannot be read and files of other users are left
    /// out, which one warning tells. Folders are read when the first file comes that can use them. For this run only: a download that is resumed later continues without them.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] ReuseFrom { get; set; } = [];

    /// <summary>
    /// Writes each received file, as Get-Item does, when it is complete; by default nothing is written. Its properties BytesFetched, BytesReused and
    /// BytesZero tell how many bytes came from peers, how many this machine had already, and how many are zeros that were not asked for.
    /// </summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Receives in the background: writes a job at once, whose output is the received files.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    protected override Task BeginAsync(CancellationToken cancellationToken)
    {
        _selection = new FileSelection(CurrentSession);
        _folder = LocalFiles.ResolveDestination(SessionState, Destination);
        _destinations = new ReceiveDestinations(_folder);
        return Task.CompletedTask;
    }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (ParameterSetName == InputObjectSet)
        {
            foreach (var file in InputObject)
            {
                await TryAsync(file, () => AddAsync(file, cancellationToken));
            }

            return;
        }

        foreach (var name in Name)
        {
            await TryAsync(name, async () =>
            {
                await foreach (var file in _selection!.FindAsync(Group!, name, cancellationToken))
                {
                    var found = file.Describe();
                    await TryAsync(found, () => AddAsync(found, cancellationToken));
                }
            });
        }
    }

    protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_forJob.Count > 0)
        {
            var server = await GetPeerServerAsync(cancellationToken);
            var job = new ReceiveJob(server.Server, _forJob, ThrottleLimit, DownloadLimit, _folder, ShowsProgress);
            RunspaceState.Current.Add(job);
            JobRepository.Add(job);
            await job.StartAsync().WaitAsync(cancellationToken);
            WriteObject(job);
        }
        else if (_receiving is not null)
        {
            await _receiving.DrainAsync(cancellationToken);
        }
    }

    // After Ctrl+C, and when a later cmdlet takes no more.
    protected override Task CleanUpAsync() => _receiving?.StopAsync() ?? Task.CompletedTask;

    private async Task AddAsync(P2PFile file, CancellationToken cancellationToken)
    {
        if (Version is { } version)
        {
            file = await _selection!.GetVersionAsync(file, version, cancellationToken);
        }

        var path = _destinations!.Take(file);
        if (!ShouldProcess(path, $"Receive '{file.Name}' of group '{file.Group}'"))
        {
            _destinations.Release(path);
            return;
        }

        var request = new DownloadRequest(file.GroupIdentity, file.Name, file.Content, path, Force)
        {
            InPlace = InPlace,
            Attributes = NoAttributes ? EntryAttributes.None : file.Attributes,
            IsEarlier = file.KeptUntil is not null,
        };
        if (ReuseFrom.Length > 0 && request.CanReuse)
        {
            // Once for all files, and only if one can use it.
            _reuseFrom ??= ReuseSelection.FindAsync(SessionState, ReuseFrom, WriteFault, WriteWarning, cancellationToken);
            request = request with { ReuseFrom = await _reuseFrom };
        }

        if (AsJob)
        {
            _forJob.Add((request, file));
            return;
        }

        _receiving ??= new ReceiveLoop(
            (await GetPeerServerAsync(cancellationToken)).Server, ThrottleLimit, DownloadLimit, WriteOutcome,
            NewProgress(ReceiveLoop.ActivityId, ReceiveLoop.Activity));
        await _receiving.AddAsync(request, file, cancellationToken);
    }

    private void WriteOutcome(DownloadOutcome outcome)
    {
        if (outcome.Fault is { } fault)
        {
            WriteFault(fault, outcome.Target);
        }
        else if (PassThru)
        {
            WriteObject(ReceivedFile.Describe(LocalFiles.GetItem(InvokeProvider, SessionState, outcome.Request.Destination), outcome));
        }
    }
}
