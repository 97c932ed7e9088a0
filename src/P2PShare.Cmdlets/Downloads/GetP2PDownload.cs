using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Gets the downloads of the session's user, those of earlier shells included.</summary>
[Cmdlet(VerbsCommon.Get, "P2PDownload", DefaultParameterSetName = NameSet)]
[OutputType(typeof(P2PDownload))]
public sealed class GetP2PDownload : DownloadCmdlet
{
    /// <summary>Names of files, wildcards allowed; all where it is left out.</summary>
    [Parameter(Position = 0, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DownloadCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only those of groups of this name, wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>Only those in one of these states.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public P2PDownloadState[]? State { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        IEnumerable<P2PDownload> downloads = await PickAsync(Name, cancellationToken);
        if (Group is not null)
        {
            downloads = NameMatch.Select(downloads, Group, download => download.Group);
        }

        foreach (var download in downloads.Where(download => State is null || State.Contains(download.State)))
        {
            WriteObject(download);
        }
    }
}
