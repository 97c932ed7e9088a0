using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Cmdlets.Files;

/// <summary>Shares files with groups. They stay where they are, and the session's peer server offers them from there.</summary>
[Cmdlet(VerbsCommunications.Send, "P2PFile", DefaultParameterSetName = PathSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PFile))]
public sealed class SendP2PFile : SessionCmdlet
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";
    private const int ActivityId = 20900;

    private readonly HashSet<(string Path, string Name)> _seen = [];
    private HashQueue? _queue;

    /// <summary>Files, or folders with -Recurse; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Files, or folders with -Recurse, exactly as written.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true, ValueFromPipeline = true)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The groups to share with.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = [];

    /// <summary>The name in the groups, for one file; else the file's own name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Shares all that is in a folder, under the folder's name and with <c>/</c> between folders; hidden files and links are left out.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Replaces a different content that one shared under the same name.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

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
                        foreach (var file in LocalFiles.Expand(path, Recurse))
                        {
                            await TryAsync(file.Path, () => ShareAsync(file, cancellationToken));
                        }
                    });
                }
            });
        }
    }

    protected override Task EndAsync(CancellationToken cancellationToken) => _queue?.DrainAsync(cancellationToken) ?? Task.CompletedTask;

    // After Ctrl+C, and when a later cmdlet has had enough.
    protected override Task CleanUpAsync() => _queue?.StopAsync() ?? Task.CompletedTask;

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _queue?.Dispose();
        }
    }

    private async Task ShareAsync(LocalFile file, CancellationToken cancellationToken)
    {
        var name = Name ?? file.Name;
        FileName.Check(name);
        if (Name is not null && _seen.Count > 0 && !_seen.Contains((file.Path, name)))
        {
            throw new P2PShareException(ErrorCode.InvalidFileName, "-Name names one file, and several were given. Leave it out, or share them one by one.");
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
        _queue ??= new HashQueue(NewProgress(ActivityId, "Sharing files"), WriteFault);
        await _queue.AddAsync(file.Path, name, ShareHashedAsync, cancellationToken);

        async Task<Action> ShareHashedAsync(HashedFile hashed, CancellationToken stop)
        {
            var tell = new List<Action>();
            foreach (var group in groups)
            {
                try
                {
                    var shared = await server.ShareAsync(hashed, group, name, Force, stop).ConfigureAwait(false);
                    tell.Add(() => WriteObject(new P2PFile(shared)));
                }
                catch (P2PShareException e)
                {
                    tell.Add(() => WriteFault(e, file.Path));
                }
            }

            return () => tell.ForEach(told => told());
        }
    }
}
