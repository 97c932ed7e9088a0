using System.Management.Automation;
using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>A cmdlet that acts on each of the given downloads.</summary>
public abstract class ChangeDownloadCmdlet : DownloadCmdlet
{
    private protected ChangeDownloadCmdlet()
    {
    }

    /// <summary>Names of files, wildcards allowed. A name without wildcards that no download has is an error.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DownloadCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Downloads, from Get-P2PDownload.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public P2PDownload[] InputObject { get; set; } = [];

    /// <summary>Writes each download as it is afterwards; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>The action, for -WhatIf.</summary>
    private protected abstract string Action { get; }

    /// <param name="session">The download's own session if that is still connected.</param>
    private protected abstract Task ChangeAsync(P2PDownload download, P2PSession session, CancellationToken cancellationToken);

    /// <summary>
    /// A download as the session's running peer server has it, if any, and as it is saved. A download of an earlier peer server is
    /// of no use any more.
    /// </summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.DownloadNotFound"/>; <see cref="ErrorCode.DestinationInUse"/> if another shell runs it.</exception>
    private protected static async Task<(Download? Live, SavedDownload Saved)> FindAsync(
        P2PDownload download, P2PSession session, CancellationToken cancellationToken)
    {
        var saved = (await session.Downloads.GetAllAsync(cancellationToken)).FirstOrDefault(saved => saved.Id == download.Id)
            ?? throw new P2PShareException(
                ErrorCode.DownloadNotFound, $"The download '{download.Name}' does not exist any more.");
        var server = session.RunningPeerServer?.Server;
        var live = server?.Downloads.GetAll().FirstOrDefault(live => live.Id == download.Id && live.HasRun);
        if (live is null)
        {
            DownloadStore.ThrowIfHeld(saved);
            live = server?.Downloads.Get(saved);
        }

        download.Live = live;
        return (live, saved);
    }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var download in ParameterSetName == InputObjectSet ? InputObject : await PickAsync(Name, cancellationToken))
        {
            if (ShouldProcess(download.ToString(), Action) && await TryAsync(download, () => ChangeAsync(download, SessionOf(download), cancellationToken)) && PassThru)
            {
                WriteObject(download);
            }
        }
    }

    private P2PSession SessionOf(P2PDownload download) => download.Session.Connected ? download.Session : CurrentSession;
}
