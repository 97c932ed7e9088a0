using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
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
    private const int ActivityId = 20810;
    private const int FileActivityId = 20811;
    private const string Activity = "Sharing files";

    private int _files;

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

    protected override Task EndAsync(CancellationToken cancellationToken)
    {
        if (_files > 0)
        {
            WriteProgress(ProgressText.Completed(ActivityId, -1, Activity));
        }

        return Task.CompletedTask;
    }

    private async Task ShareAsync(LocalFile file, CancellationToken cancellationToken)
    {
        var name = Name ?? file.Name;
        FileName.Check(name);
        var groups = Group.Where(group => ShouldProcess(file.Path, $"Share as '{name}' with group '{group}'")).ToList();
        if (groups.Count == 0)
        {
            return;
        }

        if (Name is not null && _files > 0)
        {
            throw new P2PShareException(ErrorCode.InvalidFileName, "-Name names one file, and several were given. Leave it out, or share them one by one.");
        }

        _files++;
        var job = await GetPeerServerAsync(cancellationToken);
        var hashed = await HashAsync(file, cancellationToken);
        foreach (var group in groups)
        {
            await TryAsync(file.Path, async () =>
                WriteObject(new P2PFile(await job.Server.ShareAsync(hashed, group, name, Force, cancellationToken))));
        }
    }

    private async Task<HashedFile> HashAsync(LocalFile file, CancellationToken cancellationToken)
    {
        var counter = new Counter();
        var hashing = FileHasher.HashAsync(file.Path, counter, cancellationToken);
        var rate = new Rate();
        var shown = false;
        var total = 0L;
        try
        {
            while (await Task.WhenAny(hashing, Task.Delay(ProgressText.Interval, cancellationToken)) != hashing)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    break;
                }

                total = shown ? total : new FileInfo(file.Path).Length;
                shown = true;
                rate.Update(counter.Value);
                WriteProgress(new ProgressRecord(ActivityId, Activity, _files == 1 ? "First file" : $"File {_files}"));
                WriteProgress(ProgressText.Record(
                    FileActivityId, ActivityId, $"Hashing {file.Name}", counter.Value, total,
                    rate.BytesPerSecond, rate.SecondsFor(total - counter.Value), ""));
            }

            return await hashing;
        }
        finally
        {
            if (shown && !cancellationToken.IsCancellationRequested)
            {
                WriteProgress(ProgressText.Completed(FileActivityId, ActivityId, $"Hashing {file.Name}"));
            }
        }
    }

    // Progress<T> would post each number to the pipeline thread.
    private sealed class Counter : IProgress<long>
    {
        private long _value;

        public long Value => Volatile.Read(ref _value);

        public void Report(long value) => Volatile.Write(ref _value, value);
    }
}
