using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Gets the downloads of the session's user, including those of earlier shells.</summary>
/// <remarks>
/// <para>Running, suspended, failed and stopped downloads are kept in the state folder until Remove-P2PDownload removes them; of
/// the complete ones the newest 1,000. Each has its state, the bytes that are received and verified, and, if it runs in this shell, its speed in
/// bytes a second, the time left and the number of sources. The numbers are those of the moment at which they are
/// read.</para>
/// <para>Error and ErrorId of a failed download give the reason. A name without wildcards that no download has is the error
/// DownloadNotFound.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PDownload</code>
/// <para>Lists all downloads, the oldest first.</para>
/// </example>
/// <example>
/// <code>Get-P2PDownload -State Suspended, Failed | Resume-P2PDownload</code>
/// <para>Continues the downloads that an earlier shell left unfinished.</para>
/// </example>
/// <example>
/// <code>Get-P2PDownload *.vhdx -Group builds | Format-List</code>
/// <para>Shows all properties of some downloads, including destination, sources and error.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PDownload", DefaultParameterSetName = NameSet)]
[OutputType(typeof(P2PDownload))]
public sealed class GetP2PDownload : DownloadCmdlet
{
    /// <summary>Names of files, wildcards allowed; all if it is left out.</summary>
    [Parameter(Position = 0, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DownloadCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only downloads from groups with this name; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>Only downloads in one of these states.</summary>
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
