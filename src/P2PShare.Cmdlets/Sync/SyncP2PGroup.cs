using System.Management.Automation;
using P2PShare.Cmdlets.Downloads;
using P2PShare.Cmdlets.Files;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Syncing;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Cmdlets.Sync;

/// <summary>Makes a folder equal to the files of a group, once or continuously.</summary>
/// <remarks>
/// <para>
/// Receives files that are missing and files that have other bytes, from all peers that have them. Equal files are not changed:
/// sizes are compared first, then pieces roots. A file that was hashed or received is not read again until its size or write time
/// changes. A local file that differs is replaced, even if the user wrote it: -WhatIf lists all changes without making them.
/// </para>
/// <para>
/// A file that is received has the time of modification of the file that was shared and, between Unix systems, can be executed if
/// that could. Only bytes decide what is received: an equal file keeps the time and the permissions that it has.
/// </para>
/// <para>
/// With -Delete, files that the group does not have are deleted, and folders that are empty then. Hidden files, links, files behind
/// links and unfinished downloads are never deleted.
/// </para>
/// <para>
/// With -Watch it runs until it is stopped: it follows the tracker's events, and compares everything once an interval. A tracker
/// that is unavailable for a while is a warning, and a missing source an error record; neither ends it. The files in the folder are
/// offered to the group's other members, as after Receive-P2PFile.
/// </para>
/// </remarks>
/// <example>
/// <code>Sync-P2PGroup -Group web -Destination ./web -WhatIf</code>
/// <para>Lists the files that would be received and replaced.</para>
/// </example>
/// <example>
/// <code>Sync-P2PGroup web ./web -Delete</code>
/// <para>Makes the folder contain the files of the group web and no others.</para>
/// </example>
/// <example>
/// <code>Sync-P2PGroup builds ./builds -Name 'app-2.*' -Watch</code>
/// <para>Receives each file of the group whose name begins with app-2., now and when it is shared, until Ctrl+C.</para>
/// </example>
[Cmdlet(VerbsData.Sync, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PSyncChange))]
public sealed class SyncP2PGroup : SessionCmdlet
{
    private const int ActivityId = 21100;

    private string _folder = "";

    /// <summary>The group.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string Group { get; set; } = "";

    /// <summary>The folder, created if it is missing.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>Names of files, wildcards allowed; all if it is left out. Other files are neither received nor deleted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Deletes files in the folder that the group does not have.</summary>
    [Parameter]
    public SwitchParameter Delete { get; set; }

    /// <summary>
    /// Changes files that differ piece by piece, and does not receive new files beside them, as -InPlace of Receive-P2PFile: a file is
    /// unusable until its download is complete.
    /// </summary>
    [Parameter]
    public SwitchParameter InPlace { get; set; }

    /// <summary>Continues until it is stopped.</summary>
    [Parameter]
    public SwitchParameter Watch { get; set; }

    /// <summary>With -Watch, the maximum number of seconds between two comparisons of everything; 1 to 86400.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int IntervalSec { get; set; } = 300;

    /// <summary>Maximum number of files received at a time; 1 to 64. Files of at most 64 KiB are received hundreds at a time beside them.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; } = 16;

    /// <summary>
    /// Leaves the time of modification and the permissions of received files as this machine makes them; by default the file has the
    /// time of the file that was shared, and on Unix can be executed if that could.
    /// </summary>
    [Parameter]
    public SwitchParameter NoAttributes { get; set; }

    // With -WhatIf nothing may be changed, not even what is offered.
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

        var session = CurrentSession;
        await using var changes = new ChangeSignal(
            stop => session.Client.WatchEventsAsync([Group], stop), TimeSpan.FromSeconds(IntervalSec), TimeProvider.System);
        var isUnavailable = false;
        while (true)
        {
            try
            {
                // Also if nothing is missing: a mirror serves what it has.
                await GetPeerServerAsync(cancellationToken);
                await SyncAsync(cancellationToken);
                isUnavailable = false;
            }
            catch (P2PShareException e) when (TrackerSession.IsTransient(e))
            {
                if (!isUnavailable)
                {
                    WriteWarning($"{e.Message} The folder stays as it is until a tracker answers again.");
                }

                isUnavailable = true;
                await Task.Delay(TrackerSession.RetryAfter(e), TimeProvider.System, cancellationToken);
            }

            await changes.WaitAsync(cancellationToken);
        }
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        var session = CurrentSession;
        var prefix = Name is [var only] ? NameMatch.Prefix(only) : "";
        var files = Select(await session.Client.ListFilesAsync(Group, new ListQuery(prefix), cancellationToken).ToListAsync(cancellationToken));
        using var known = session.Shares.OpenKnown();
        var sync = new FolderSync(_folder, Group, files, known.FindUnchanged);
        var written = WriteFaults(sync, 0);
        if (Delete)
        {
            var extras = sync.FindExtra(IsCovered);
            written = WriteFaults(sync, written);
            foreach (var extra in extras)
            {
                if (ShouldProcess(extra.Path, "Delete") && await TryAsync(extra.Path, () => Run(() => sync.Delete(extra))))
                {
                    WriteObject(new P2PSyncChange(P2PSyncAction.Deleted, Group, extra));
                }
            }
        }

        sync.Compare();
        WriteFaults(sync, written);
        await HashAsync(sync, cancellationToken);
        if (sync.Equal.Count > 0 && !IsTrial)
        {
            var server = (await GetPeerServerAsync(cancellationToken)).Server;
            foreach (var (name, file) in sync.Equal)
            {
                server.Shares.Adopt(file, files[0].GroupIdentity, name);
            }
        }

        await ReceiveAsync(sync.ToReceive, cancellationToken);
    }

    private async Task HashAsync(FolderSync sync, CancellationToken cancellationToken)
    {
        await using var hashing = new HashLoop<Action>(NewProgress(ActivityId, "Comparing files"), judge => judge(), WriteFault);
        foreach (var file in sync.ToHash)
        {
            await hashing.AddAsync(
                file.Path, file.File.Name, file.File.Size, (hashed, _) => Task.FromResult<Action>(() => sync.Judge(file, hashed)), cancellationToken, _folder);
        }

        await hashing.DrainAsync(cancellationToken);
    }

    private async Task ReceiveAsync(IReadOnlyList<SyncChange> changes, CancellationToken cancellationToken)
    {
        ReceiveLoop? receiving = null;
        try
        {
            foreach (var change in changes)
            {
                var verb = change.Action == SyncAction.Replace ? "Replace by" : "Receive";
                if (ShouldProcess(change.Path, $"{verb} '{change.Name}' of group '{Group}'"))
                {
                    receiving ??= new ReceiveLoop(
                        (await GetPeerServerAsync(cancellationToken)).Server, ThrottleLimit, null, WriteOutcome,
                        NewProgress(ReceiveLoop.ActivityId, ReceiveLoop.Activity));
                    await receiving.AddAsync(change.Request! with { InPlace = InPlace }, change, cancellationToken);
                }
            }

            await (receiving?.DrainAsync(cancellationToken) ?? Task.CompletedTask);
        }
        finally
        {
            await (receiving?.StopAsync() ?? Task.CompletedTask);
        }
    }

    private void WriteOutcome(DownloadOutcome outcome)
    {
        var change = (SyncChange)outcome.Target;
        if (outcome.Fault is { } fault)
        {
            WriteFault(fault, change.Name);
        }
        else
        {
            WriteObject(new P2PSyncChange(change.Action == SyncAction.Replace ? P2PSyncAction.Replaced : P2PSyncAction.Received, Group, change));
        }
    }

    private int WriteFaults(FolderSync sync, int written)
    {
        foreach (var fault in sync.Faults.Skip(written))
        {
            WriteFault(fault.Fault, fault.Target);
        }

        return sync.Faults.Count;
    }

    private List<FileResponse> Select(IReadOnlyList<FileResponse> files)
    {
        var selected = new List<FileResponse>();
        foreach (var name in Name)
        {
            var found = NameMatch.Select(files, name, file => file.Name);
            if (found.Count == 0 && !NameMatch.IsPattern(name) && !Delete && !Watch)
            {
                WriteFault(FileSelection.NotFound(Group, name), name);
            }

            selected.AddRange(found);
        }

        return [.. selected.DistinctBy(file => file.Name).Select(file => NoAttributes ? file with { Modified = null, Executable = null } : file)];
    }

    private bool IsCovered(string name) => Name.Any(pattern => NameMatch.IsMatch(name, pattern));

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
