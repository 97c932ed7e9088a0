using System.Management.Automation;
using P2PShare.Cmdlets.Downloads;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Cmdlets.Files;

/// <summary>Receives files of a group from all peers that have them, several files at a time.</summary>
[Cmdlet(VerbsCommunications.Receive, "P2PFile", DefaultParameterSetName = InputObjectSet, SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo), typeof(Job))]
public sealed class ReceiveP2PFile : SessionCmdlet
{
    private const string InputObjectSet = "InputObject";
    private const string NameSet = "Name";

    private readonly List<(DownloadRequest Request, object Target)> _forJob = [];
    private FileSelection? _selection;
    private Receiver? _receiver;
    private string _folder = "";

    /// <summary>Files, from Get-P2PFile.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public P2PFile[] InputObject { get; set; } = [];

    /// <summary>The group that has the files.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>Names of files, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Folder that the files go to, made where it is missing; the current one where it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = ".";

    /// <summary>Most files at a time.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; } = 16;

    /// <summary>Most bytes a second that each file takes, beside the limit of the peer server; 0: no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? DownloadLimit { get; set; }

    /// <summary>Replaces files that are there already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes each received file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Receives behind the prompt; writes a job, whose output are the received files.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    protected override Task BeginAsync(CancellationToken cancellationToken)
    {
        _selection = new FileSelection(CurrentSession);
        _folder = ResolveFolder();
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
                foreach (var file in await _selection!.FindAsync(Group!, name, cancellationToken))
                {
                    var found = new P2PFile(file);
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
        else if (_receiver is not null)
        {
            await _receiver.DrainAsync(cancellationToken);
        }
    }

    // After Ctrl+C, and when a later cmdlet has had enough.
    protected override Task CleanUpAsync() => _receiver?.StopAsync() ?? Task.CompletedTask;

    private async Task AddAsync(P2PFile file, CancellationToken cancellationToken)
    {
        var path = DestinationPath.Resolve(_folder, file.Name);
        if (!ShouldProcess(path, $"Receive '{file.Name}' of group '{file.Group}'"))
        {
            return;
        }

        var request = new DownloadRequest(file.Group, file.Name, file.Content, path, Force);
        if (AsJob)
        {
            _forJob.Add((request, file));
            return;
        }

        if (_receiver is null)
        {
            var job = await GetPeerServerAsync(cancellationToken);
            _receiver = new Receiver(
                job.Server, ThrottleLimit, WriteReceived, WriteFault, NewProgress(Receiver.ActivityId, Receiver.Activity)) { FileLimit = DownloadLimit };
        }

        await _receiver.AddAsync(request, file, cancellationToken);
    }

    private void WriteReceived(FileInfo file)
    {
        if (PassThru)
        {
            WriteObject(file);
        }
    }

    private string ResolveFolder()
    {
        string folder;
        ProviderInfo provider;
        try
        {
            folder = SessionState.Path.GetUnresolvedProviderPathFromPSPath(Destination, out provider, out _);
        }
        catch (Exception e) when (e is ItemNotFoundException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException)
        {
            throw new P2PShareException(ErrorCode.DestinationInvalid, $"'{Destination}' cannot be a destination: {e.Message}", e);
        }

        if (provider.Name != "FileSystem")
        {
            throw new P2PShareException(
                ErrorCode.DestinationInvalid, $"'{Destination}' belongs to the provider {provider.Name}. Give a folder of the file system.");
        }

        return File.Exists(folder)
            ? throw new P2PShareException(ErrorCode.DestinationInvalid, $"'{folder}' is a file. Give the folder that the files go to.")
            : folder;
    }
}
