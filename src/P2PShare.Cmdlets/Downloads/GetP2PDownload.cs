using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Gets the downloads of the session's user, those of earlier shells included.</summary>
/// <remarks>
/// <para>Downloads are kept in the state folder until Remove-P2PDownload forgets them: running ones, suspended ones,
/// those that failed or were stopped, and finished ones. What is written knows its state, the bytes received and checked,
/// and for those that run in this shell their speed in bytes a second, the time left and the number of sources; its
/// numbers are those of the moment they are read.</para>
/// <para>Error and ErrorId of a failed one say why. A name without wildcards that no download has is the error
/// DownloadNotFound.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PDownload</code>
/// <para>Lists all downloads, the oldest first.</para>
/// </example>
/// <example>
/// <code>Get-P2PDownload -State Suspended, Failed | Resume-P2PDownload</code>
/// <para>Goes on with what an earlier shell left.</para>
/// </example>
/// <example>
/// <code>Get-P2PDownload *.vhdx -Group builds | Format-List</code>
/// <para>Shows all that is known of some downloads, with destination, sources and error.</para>
/// </example>
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

    /// <summary>Only downloads from groups of this name; wildcards allowed.</summary>
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
