using System.Collections;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Completes the names of downloads.</summary>
public sealed class DownloadCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, string prefix, CancellationToken cancellationToken)
    {
        var downloads = await session.GetDownloadsAsync(cancellationToken).ConfigureAwait(false);
        return downloads.Select(download => (download.Name, $"{download.Name}: {download.State}, to {download.Destination}"));
    }
}
