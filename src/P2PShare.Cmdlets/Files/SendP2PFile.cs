using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Cmdlets.Files;

/// <summary>
/// Shares files with groups. The files stay in place, and the session's peer server offers them from there.
/// </summary>
/// <remarks>
/// <para>Reads each file once to compute its hash tree, lists it at the tracker, and writes the file of the group. Nothing is
/// copied or uploaded: peers receive the file while a peer server of this user runs, which is started if none does. A later
/// session with the same state folder offers the file again, unless it has changed meanwhile. Keep the file in place and
/// unchanged as long as it is to be offered.</para>
/// <para>The file's time of modification and, on Unix, whether its owner may execute it are listed with its name, and those who
/// receive it get a file with the same. A further sharer does not change them; -Force of the user who shares the file does.</para>
/// <para>If another user has shared a file with the same name and the same bytes, this machine becomes one more source of it.
/// Different bytes under a name that is taken are the error FileNameTaken; -Force replaces a file that the user shared.
/// Folders need -Recurse, and result in names such as <c>site/img/logo.png</c>. Each file that fails is an error of its own,
/// and the other files are shared.</para>
/// </remarks>
/// <example>
/// <code>Send-P2PFile ./image.vhdx -Group builds</code>
/// <para>Shares one file.</para>
/// </example>
/// <example>
/// <code>Send-P2PFile ./site -Recurse -Group web, staging</code>
/// <para>Shares all files of a folder, as site/…, with two groups.</para>
/// </example>
/// <example>
/// <code>Get-ChildItem ./out -Filter *.zip | Where-Object Length -gt 100MB | Send-P2PFile -Group builds -WhatIf</code>
/// <para>Shows which files would be shared. Without -WhatIf they are.</para>
/// </example>
/// <example>
/// <code>Send-P2PFile ./image.vhdx -Group builds -Name latest.vhdx -Force</code>
/// <para>Shares a file under another name, and replaces the file that the user shared under it before.</para>
/// </example>
/// <example>
/// <code>Send-P2PFile ./rebuilt.tar -Group builds -ChunkMap</code>
/// <para>Shares a file with a chunk map, so that receivers reuse what older files have of it at any offset.</para>
/// </example>
[Cmdlet(VerbsCommunications.Send, "P2PFile", DefaultParameterSetName = PathSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PFile))]
public sealed class SendP2PFile : SessionCmdlet
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";
    private const int ActivityId = 20900;

    private readonly HashSet<(string Path, string Name)> _seen = [];
    private HashLoop<IReadOnlyList<ShareOutcome>>? _hashing;

    /// <summary>Paths of files, or of folders with -Recurse; wildcards are resolved on this machine.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>
    /// Paths of files, or of folders with -Recurse, without wildcards: <c>[</c>, <c>*</c> and <c>?</c> are ordinary characters.
    /// Accepts the output of Get-ChildItem and Get-Item.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true, ValueFromPipeline = true)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Names of the groups. No wildcards, so that nothing is shared with a group by accident.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = [];

    /// <summary>The name in the groups, for a single file; by default the file's own name. <c>/</c> separates folders.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>
    /// Shares all files in a folder and its subfolders, under the folder's name and with <c>/</c> between folders. Hidden files
    /// and links are left out.
    /// </summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>
    /// Replaces a file with different bytes that the user shared under the same name before. Running downloads of the old file
    /// can finish.
    /// </summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>
    /// Makes a chunk map of each file: receivers that have a similar file, such as the version before, fetch only what is in none of their
    /// files, wherever in the file it is. The file is read once more; the map has about 0.1 % of its size and is kept in the state folder. With
    /// -Force, files from 64 MiB on get one anyway.
    /// </summary>
    [Parameter]
    public SwitchParameter ChunkMap { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var literal = ParameterSetName == LiteralPathSet;
        foreach (var given in literal ? LiteralPath : Path)
        {
            await TryAsync(given, async () =>
            {
                foreach (var path in LocalFiles.Resolve(SessionState, given, literal))
                {
                    await TryAsync(path, async () =>
                    {
                        foreach (var file in LocalFiles.Expand(path, Recurse, WriteFault))
                        {
                            await TryAsync(file.Path, () => ShareAsync(file, cancellationToken));
                        }
                    });
                }
            });
        }
    }

    protected override Task EndAsync(CancellationToken cancellationToken) => _hashing?.DrainAsync(cancellationToken) ?? Task.CompletedTask;

    // After Ctrl+C, and when a later cmdlet takes no more.
    protected override Task CleanUpAsync() => _hashing?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    private async Task ShareAsync(LocalFile file, CancellationToken cancellationToken)
    {
        var name = Name ?? file.Name;
        CheckName(name);
        if (Name is not null && _seen.Count > 0 && !_seen.Contains((file.Path, name)))
        {
            throw new P2PShareException(ErrorCode.InvalidFileName, $"'{name}' can be the name of one file only, and several files were given.");
        }

        // The same file under the same name is shared once.
        if (!_seen.Add((file.Path, name)))
        {
            return;
        }

        var groups = Group.Where(group => ShouldProcess(file.Path, $"Share as '{name}' with group '{group}'")).ToList();
        if (groups.Count == 0)
        {
            return;
        }

        var server = (await GetPeerServerAsync(cancellationToken)).Server;
        _hashing ??= new HashLoop<IReadOnlyList<ShareOutcome>>(NewProgress(ActivityId, "Sharing files"), WriteOutcomes, WriteFault);
        var size = new FileInfo(file.Path) is { Exists: true } found ? found.Length : 0;
        await _hashing.AddAsync(file.Path, name, size, ShareHashedAsync, cancellationToken, file.Root);

        async Task<IReadOnlyList<ShareOutcome>> ShareHashedAsync(HashedFile hashed, CancellationToken stop)
        {
            var outcomes = new List<ShareOutcome>();
            if (ChunkMap || (Force && hashed.Content.Size >= ChunkMapStore.AutomaticSize))
            {
                // First, so that it is there when the first receiver asks for it.
                await server.ChunkMaps.MakeAsync(hashed, stop).ConfigureAwait(false);
            }

            foreach (var group in groups)
            {
                try
                {
                    outcomes.Add(new ShareOutcome(file.Path, await server.Shares.ShareAsync(hashed, group, name, Force, stop).ConfigureAwait(false), null));
                }
                catch (P2PShareException e)
                {
                    outcomes.Add(new ShareOutcome(file.Path, null, e));
                }
            }

            return outcomes;
        }
    }

    private void CheckName(string name)
    {
        try
        {
            FileName.Check(name);
        }
        catch (P2PShareException e) when (Name is null)
        {
            throw new P2PShareException(
                e.Code, $"{e.Message} {(Recurse ? "Rename it, or share it alone with -Name." : "-Name gives it another name in the group.")}", e);
        }
    }

    private void WriteOutcomes(IReadOnlyList<ShareOutcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            if (outcome.Shared is { } shared)
            {
                WriteObject(new P2PFile(shared));
            }
            else
            {
                WriteFault(outcome.Fault!, outcome.Path);
            }
        }
    }

    // In one group: either of the two is set.
    private sealed record ShareOutcome(string Path, FileResponse? Shared, P2PShareException? Fault);
}
