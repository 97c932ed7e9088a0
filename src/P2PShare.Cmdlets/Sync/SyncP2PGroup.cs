using System.Management.Automation;
using System.Threading.Channels;
using P2PShare.Cmdlets.Downloads;
using P2PShare.Cmdlets.Files;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Cmdlets.Sync;

/// <summary>Makes a folder equal to the files of a group, once or for ever.</summary>
/// <remarks>
/// <para>
/// Receives what is missing and what has other bytes, from all peers that have it, and leaves alone what is equal: sizes are
/// compared first, then pieces roots. A file that is hashed or received once is not read again until its size or its time of
/// writing changes. A local file that differs is replaced, whoever wrote it: try it with -WhatIf first, which lists each change.
/// </para>
/// <para>
/// With -Delete, files that the group does not have are deleted, and the folders that are empty then. Hidden files, links and
/// what is behind links are never touched, nor unfinished downloads.
/// </para>
/// <para>
/// With -Watch it goes on until it is stopped: it follows the tracker's events and compares everything once an interval. A tracker
/// or a source that is away for a while is a warning or an error record, and no end. What is in the folder is offered to the
/// group's other members, as after Receive-P2PFile.
/// </para>
/// </remarks>
/// <example>
/// <code>Sync-P2PGroup -Group web -Destination ./web -WhatIf</code>
/// <para>Lists what would be received and replaced.</para>
/// </example>
/// <example>
/// <code>Sync-P2PGroup web ./web -Delete</code>
/// <para>Makes the folder hold the files of the group web and no others.</para>
/// </example>
/// <example>
/// <code>Sync-P2PGroup builds ./builds -Name 'app-2.*' -Watch</code>
/// <para>Receives each file of the group whose name begins with app-2., now and as they come, until Ctrl+C.</para>
/// </example>
[Cmdlet(VerbsData.Sync, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PSyncChange))]
public sealed class SyncP2PGroup : SessionCmdlet
{
    private const int ActivityId = 21100;

    // Many files come together: what follows within this time is done in one go.
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(500);

    private static readonly StringComparer PathComparer =
        OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    private string _folder = "";
    private Receiver? _receiver;
    private HashQueue? _queue;

    /// <summary>The group.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string Group { get; set; } = "";

    /// <summary>The folder, made where it is missing.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>Names of files, wildcards allowed; all where it is left out. Other files are neither received nor deleted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Deletes files in the folder that the group does not have.</summary>
    [Parameter]
    public SwitchParameter Delete { get; set; }

    /// <summary>Goes on until it is stopped.</summary>
    [Parameter]
    public SwitchParameter Watch { get; set; }

    /// <summary>With -Watch, seconds from one comparison of everything to the next at the latest; 1 to 86400.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int IntervalSec { get; set; } = 300;

    /// <summary>Most files received at a time; 1 to 64.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; } = 16;

    // Whether nothing at all may be changed, not even what is offered.
    private bool IsTrial => SessionState.PSVariable.GetValue("WhatIfPreference") is SwitchParameter { IsPresent: true } or true
        || (MyInvocation.BoundParameters.TryGetValue("WhatIf", out var value) && value is SwitchParameter { IsPresent: true });

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        _folder = LocalFiles.ResolveDestination(SessionState, Destination);
        if (!Watch || IsTrial)
        {
            await TryAsync(Group, () => SyncAsync(cancellationToken));
            return;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Whatever happens while a comparison runs makes for one more.
        var news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        var watching = WatchAsync(news.Writer, end.Token);
        try
        {
            await RepeatAsync(news.Reader, cancellationToken);
        }
        finally
        {
            await end.CancelAsync();
            await watching;
        }
    }

    // After Ctrl+C, and when a later cmdlet has had enough.
    protected override async Task CleanUpAsync()
    {
        if (_queue is not null)
        {
            await _queue.StopAsync();
        }

        if (_receiver is not null)
        {
            await _receiver.StopAsync();
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _queue?.Dispose();
        }
    }

    // The tracker's news; where there are none to be had, the comparisons find out why.
    private async Task WatchAsync(ChannelWriter<bool> news, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var what in CurrentSession.Client.WatchEventsAsync([Group], cancellationToken).ConfigureAwait(false))
            {
                if (what.Kind is GroupEventKind.FileShared or GroupEventKind.FileRemoved or GroupEventKind.MemberRemoved or GroupEventKind.GroupRemoved)
                {
                    news.TryWrite(true);
                }
            }
        }
        catch (P2PShareException)
        {
            news.TryWrite(true);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            news.TryWrite(true);
        }
    }

    private async Task RepeatAsync(ChannelReader<bool> news, CancellationToken cancellationToken)
    {
        var away = false;
        while (true)
        {
            try
            {
                // Also where nothing is missing: a mirror serves what it has.
                await GetPeerServerAsync(cancellationToken);
                await SyncAsync(cancellationToken);
                away = false;
            }
            catch (P2PShareException e) when (TrackerSession.IsTransient(e))
            {
                if (!away)
                {
                    WriteWarning($"{e.Message} The folder stays as it is until the tracker is back.");
                }

                away = true;
            }

            using var interval = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            interval.CancelAfter(TimeSpan.FromSeconds(IntervalSec));
            try
            {
                await news.ReadAsync(interval.Token);
                await Task.Delay(Calm, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The interval is over.
            }

            // What came during the calm is part of the next comparison.
            news.TryRead(out _);
        }
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        var session = CurrentSession;
        var files = Select(await session.Client.GetFilesAsync(Group, cancellationToken));
        var wanted = new Dictionary<string, FileResponse>(PathComparer);
        foreach (var file in files)
        {
            await TryAsync(file.Name, () =>
            {
                var path = DestinationPath.Resolve(_folder, file.Name);
                return wanted.TryAdd(path, file) ? Task.CompletedTask : throw new P2PShareException(
                    ErrorCode.DestinationInvalid, $"'{file.Name}' and '{wanted[path].Name}' of '{Group}' are one file on this system: only the latter is received.");
            });
        }

        if (Delete)
        {
            // First, because a file may stand where a folder has to be.
            await DeleteAsync(files);
        }

        await ReceiveAsync(session, await CompareAsync(session, wanted, cancellationToken), cancellationToken);
    }

    private List<FileResponse> Select(IReadOnlyList<FileResponse> files)
    {
        var selected = new List<FileResponse>();
        foreach (var name in Name)
        {
            var found = NameMatch.Select(files, name, file => file.Name);
            if (found.Count == 0 && !NameMatch.IsPattern(name) && !Delete && !Watch)
            {
                WriteFault(
                    new P2PShareException(ErrorCode.FileNotFound, $"The group '{Group}' has no file '{name}'. Get-P2PFile -Group {Group} lists its files."), name);
            }

            selected.AddRange(found);
        }

        return [.. selected.DistinctBy(file => file.Name)];
    }

    private async Task DeleteAsync(List<FileResponse> files)
    {
        // Not by path: a name that cannot be written here is still one that the group has.
        var names = files.Select(file => file.Name).ToHashSet(PathComparer);
        foreach (var (path, name) in LocalTree.Enumerate(_folder))
        {
            var isCovered = Name.Any(pattern => NameMatch.Select([name], pattern, candidate => candidate).Count > 0);
            if (isCovered && !names.Contains(name) && ShouldProcess(path, "Delete"))
            {
                await TryAsync(path, () =>
                {
                    var size = new FileInfo(path).Length;
                    LocalTree.Delete(_folder, path);
                    WriteObject(new P2PSyncChange(P2PSyncAction.Deleted, Group, name, path, size));
                    return Task.CompletedTask;
                });
            }
        }
    }

    /// <returns>What has to be received, and whether something is there already.</returns>
    private async Task<List<(FileResponse File, string Path, bool Exists)>> CompareAsync(
        P2PSession session, Dictionary<string, FileResponse> wanted, CancellationToken cancellationToken)
    {
        var differing = new List<(FileResponse, string, bool)>();
        var equal = new List<(FileResponse, HashedFile)>();
        _queue = new HashQueue(NewProgress(ActivityId, "Comparing files"), WriteFault);
        try
        {
            foreach (var (path, file) in wanted)
            {
                var local = new FileInfo(path);
                if (Directory.Exists(path) && local.LinkTarget is null)
                {
                    WriteFault(
                        new P2PShareException(ErrorCode.DestinationInvalid, $"'{path}' is a folder, and '{file.Name}' of '{Group}' is a file. Move the folder away."), path);
                }
                else if (local.LinkTarget is not null || !local.Exists || local.Length != file.Size)
                {
                    // A link is replaced by the file, never written through.
                    differing.Add((file, path, local.Exists || local.LinkTarget is not null));
                }
                else if (file.Size > 0 && session.Shares.FindUnchanged(path)?.PiecesRoot != file.PiecesRoot)
                {
                    await _queue.AddAsync(path, file.Name, (hashed, _) => Task.FromResult<Action>(() => Judge(file, hashed)), cancellationToken);
                }
            }

            await _queue.DrainAsync(cancellationToken);
        }
        finally
        {
            var queue = _queue;
            _queue = null;
            await queue.StopAsync();
            queue.Dispose();
        }

        if (equal.Count > 0 && !IsTrial)
        {
            var server = (await GetPeerServerAsync(session, null, null, cancellationToken)).Server;
            equal.ForEach(one => server.Shares.Adopt(one.Item2, Group, one.Item1.Name));
        }

        return differing;

        void Judge(FileResponse file, HashedFile hashed)
        {
            if (hashed.Content.PiecesRoot == file.PiecesRoot)
            {
                equal.Add((file, hashed));
            }
            else
            {
                differing.Add((file, hashed.Path, true));
            }
        }
    }

    private async Task ReceiveAsync(
        P2PSession session, List<(FileResponse File, string Path, bool Exists)> differing, CancellationToken cancellationToken)
    {
        var asked = new Dictionary<string, (FileResponse File, bool Exists)>(PathComparer);
        try
        {
            foreach (var (file, path, exists) in differing.OrderBy(one => one.File.Name, StringComparer.Ordinal))
            {
                if (!ShouldProcess(path, $"{(exists ? "Replace by" : "Receive")} '{file.Name}' of group '{Group}'"))
                {
                    continue;
                }

                if (_receiver is null)
                {
                    var job = await GetPeerServerAsync(session, null, null, cancellationToken);
                    _receiver = new Receiver(job.Server, ThrottleLimit, WriteReceived, WriteFault, NewProgress(Receiver.ActivityId, Receiver.Activity));
                }

                asked[path] = (file, exists);
                await _receiver.AddAsync(new DownloadRequest(Group, file.Name, file.Content, path, exists), file.Name, cancellationToken);
            }

            if (_receiver is not null)
            {
                await _receiver.DrainAsync(cancellationToken);
            }
        }
        finally
        {
            var receiver = _receiver;
            _receiver = null;
            if (receiver is not null)
            {
                await receiver.StopAsync();
            }
        }

        void WriteReceived(FileInfo received)
        {
            var (file, exists) = asked[received.FullName];
            WriteObject(new P2PSyncChange(exists ? P2PSyncAction.Replaced : P2PSyncAction.Received, Group, file.Name, received.FullName, file.Size));
        }
    }
}
