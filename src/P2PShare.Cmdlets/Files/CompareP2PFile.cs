using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.PeerServers;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Cmdlets.Files;

/// <summary>Compares files of a group with local files: how many bytes would have to be fetched.</summary>
/// <remarks>
/// <para>Finds out what Receive-P2PFile -Force would take from local files and what it would fetch, without fetching or changing anything: bytes that the
/// local file has at the same offset (BytesEqual), bytes that it has elsewhere or that another local file has (BytesMoved; for these the file needs a
/// chunk map, see Send-P2PFile -ChunkMap), zeros (BytesZero), and the rest (BytesToFetch). The four add up to Size.</para>
/// <para>Local files are hashed, and the peers that have the file are asked for its hashes and its chunk map: a few bytes for each thousand of the file
/// (BytesReceived). The session's peer server is started if none runs. A file that is identical needs neither, nor does an empty one; if they differ and no peer
/// that has the file is online, the error is NoSourceOnline.</para>
/// <para>A local file that does not exist is a result: all bytes but zeros have to be fetched. One that is changed meanwhile is an error. Files of at
/// most 64 KiB that differ are always fetched whole. What an unfinished download has received already is not counted. While the same content is received, or
/// compared with another file, a comparison waits until that has ended; a download does not wait: a comparison starts over after it. A download may fetch a
/// little more: it starts at once with what seems to be missing, before all is known.</para>
/// </remarks>
/// <example>
/// <code>Compare-P2PFile builds image.vhdx -Path ./images</code>
/// <para>Compares image.vhdx of the group builds with ./images/image.vhdx.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile -Group builds | Compare-P2PFile -Path ./images | Measure-Object BytesToFetch -Sum</code>
/// <para>Tells how many bytes an update of a whole folder would fetch.</para>
/// </example>
/// <example>
/// <code>Compare-P2PFile builds image-2.tar -Path ./image-1.tar -ReuseFrom ./unpacked</code>
/// <para>Compares a file with an older one of another name, and with the files of a folder.</para>
/// </example>
/// <example>
/// <code>(Compare-P2PFile builds image.vhdx -Path ./images -Detailed).Ranges | Where-Object Kind -eq ToFetch</code>
/// <para>Lists the ranges of the file that have changed.</para>
/// </example>
[Cmdlet(VerbsData.Compare, "P2PFile", DefaultParameterSetName = InputObjectSet)]
[OutputType(typeof(P2PFileComparison))]
public sealed class CompareP2PFile : SessionCmdlet
{
    private const string InputObjectSet = "InputObject";
    private const string NameSet = "Name";
    private const int ActivityId = 21100;

    // Files whose results wait for a slow one before them: 1,024, or few if each may have 100,000 ranges.
    private const int MaxWaiting = 1024;
    private const int MaxWaitingDetailed = 16;

    private FileSelection? _selection;
    private CompareLoop? _comparing;
    private Task<PeerServerJob>? _server;
    private string _path = "";
    private Task<IReadOnlyList<ReuseFile>>? _reuseFrom;

    /// <summary>Files of groups, from Get-P2PFile.</summary>
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

    /// <summary>Compares with this version of each file, as Get-P2PFile -Version lists it, instead of the current one.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompleter))]
    public long? Version { get; set; }

    /// <summary>
    /// A local file, or the folder that has the group's files under their names, as Receive-P2PFile -Destination would make them: a path without
    /// wildcards. One that does not exist is a folder. The current folder if it is left out.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = ".";

    /// <summary>
    /// Files, or folders with all files below them, that may have bytes of the files: paths without wildcards. They are found by the chunk map of a file.
    /// Links, hidden files, devices and files of other users are left out.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] ReuseFrom { get; set; } = [];

    /// <summary>
    /// Adds the ranges of each file (Ranges), with the local file and the offset in it for those that need not be fetched. Of more than 100,000 ranges the
    /// first are listed: RangesTruncated is true then, and a warning is written.
    /// </summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <summary>Maximum number of files at a time.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; } = 4;

    protected override Task BeginAsync(CancellationToken cancellationToken)
    {
        _selection = new FileSelection(CurrentSession);
        _comparing = new CompareLoop(
            ThrottleLimit, Detailed ? Math.Max(MaxWaitingDetailed, ThrottleLimit) : MaxWaiting, NewProgress(ActivityId, "Comparing files"), Write, WriteFault);
        _path = LocalFiles.Resolve(SessionState, Path, literal: true)[0];
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

    protected override Task EndAsync(CancellationToken cancellationToken) => _comparing!.DrainAsync(cancellationToken);

    // After Ctrl+C, and when a later cmdlet takes no more.
    protected override Task CleanUpAsync() => _comparing?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    private async Task AddAsync(P2PFile file, CancellationToken cancellationToken)
    {
        if (Version is { } version)
        {
            file = await _selection!.GetVersionAsync(file, version, cancellationToken);
        }

        var (path, root) = File.Exists(_path)
            ? (LocalFiles.FollowLink(_path), System.IO.Path.GetDirectoryName(LocalFiles.FollowLink(_path))!)
            : (DestinationPath.Resolve(_path, file.Name), _path);
        var request = new DownloadRequest(file.GroupIdentity, file.Name, file.Content, path, Overwrite: true) { Root = root };
        if (ReuseFrom.Length > 0 && request.CanReuse)
        {
            // As Receive-P2PFile does.
            _reuseFrom ??= ReuseSelection.FindAsync(SessionState, ReuseFrom, WriteFault, WriteWarning, cancellationToken);
            request = request with { ReuseFrom = await _reuseFrom };
        }

        await _comparing!.AddAsync(file, (progress, stop) => CompareAsync(file, request, progress, stop), cancellationToken);
    }

    private async Task<P2PFileComparison> CompareAsync(P2PFile file, DownloadRequest request, CompareProgress progress, CancellationToken stop)
    {
        // A file of another size is not identical without being read.
        var hashed = FileComparer.Compare(request.Destination, request.Content) == FileComparison.Unknown
            ? await Task.Run(() => FileHasher.HashAsync(request.Destination, request.Root, progress, stop), stop)
            : null;
        progress.EndHashing();
        var ranges = Detailed ? ContentComparison.MaxRanges : 0;
        var comparison = ContentComparer.TryCompare(request.Content, hashed, ranges);
        if (comparison is null)
        {
            _server ??= GetPeerServerAsync(stop);
            var downloads = (await _server).Server.Downloads;
            comparison = await Task.Run(() => downloads.CompareAsync(request, hashed, ranges, progress, stop), stop);
        }

        return new P2PFileComparison(file, request.Destination, comparison, Detailed);
    }

    private void Write(P2PFileComparison comparison)
    {
        if (comparison.RangesTruncated)
        {
            WriteWarning($"'{comparison.Name}' has more than {ContentComparison.MaxRanges} ranges: the first {comparison.Ranges!.Count} are listed.");
        }

        WriteObject(comparison);
    }
}
