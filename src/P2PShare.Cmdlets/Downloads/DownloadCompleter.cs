using System.Collections;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Completes the names of downloads.</summary>
public sealed class DownloadCompleter : TrackerCompleter
{
    private protected override Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken)
    {
        // A Tab starts no peer server.
        var downloads = session.RunningPeerServer?.Server.GetDownloads() ?? [];
        return Task.FromResult(downloads.Select(download => (
            download.Request.Name, $"{download.Request.Name}: {download.State}, to {download.Request.Destination}")));
    }
}
