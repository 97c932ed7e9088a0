using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>Joins the downloads that a state folder keeps with those that a peer server of this process runs.</summary>
public static class DownloadMerge
{
    /// <param name="saved">Every download that is kept, the oldest first.</param>
    /// <param name="live">The peer server's; empty if none runs.</param>
    /// <returns>
    /// Each saved download with the one that runs it here, if any, in the order of <paramref name="saved"/>; then those that run
    /// but are not saved, because a state folder that cannot be written does not hide what runs.
    /// </returns>
    public static IReadOnlyList<(SavedDownload Saved, TDownload? Live)> Merge<TDownload>(
        IEnumerable<SavedDownload> saved, IEnumerable<TDownload> live)
        where TDownload : class, IDownload
    {
        var byId = live.Where(download => download.HasRun).ToDictionary(download => download.Id);
        var merged = new List<(SavedDownload, TDownload?)>();
        foreach (var one in saved)
        {
            byId.Remove(one.Id, out var running);
            merged.Add((one, running));
        }

        merged.AddRange(byId.Values.Where(download => download.State == DownloadState.Running).Select(download => (
            new SavedDownload(download.Id, download.Request, download.State, null, 0, download.Created), (TDownload?)download)));
        return merged;
    }

    /// <summary>The state of a merged download.</summary>
    /// <param name="live">Null if this process does not run it.</param>
    /// <param name="isHeld">Whether another process writes to its part file.</param>
    /// <returns>A download that was left running by a process that ended is <see cref="DownloadState.Suspended"/>.</returns>
    public static DownloadState StateOf(SavedDownload saved, IDownload? live, bool isHeld) =>
        live?.State ?? (saved.State == DownloadState.Running && !isHeld ? DownloadState.Suspended : saved.State);
}
