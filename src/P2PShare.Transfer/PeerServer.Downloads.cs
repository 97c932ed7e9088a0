using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer;

// The downloads of the peer server's user, those of earlier shells included.
public sealed partial class PeerServer
{
    /// <summary>
    /// Starts a download, or finds the one that is running into the same destination. A file that is there already is left
    /// alone unless the request overwrites; an unfinished part of the same content is gone on from.
    /// </summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.DestinationExists"/> or <see cref="ErrorCode.DestinationInUse"/>; what shows later is thrown by <see cref="Download.Completion"/>.
    /// </exception>
    public Download StartDownload(DownloadRequest request)
    {
        if (Directory.Exists(request.Destination))
        {
            throw new P2PShareException(
                ErrorCode.DestinationInvalid, $"'{request.Destination}' is a folder. Remove it or choose another destination.");
        }

        if (!request.Overwrite && File.Exists(request.Destination))
        {
            throw PartFile.Exists(request.Destination);
        }

        lock (_lock)
        {
            var same = _latest.GetValueOrDefault(request.Destination);
            if (same?.State == DownloadState.Complete)
            {
                same = null;
            }

            if (same is not null && same.Request.Content == request.Content && same.Request.Group == request.Group
                && same.Request.Overwrite == request.Overwrite)
            {
                same.Resume();
                return same;
            }

            if (same is { State: DownloadState.Running })
            {
                throw new P2PShareException(
                    ErrorCode.DestinationInUse,
                    $"Another download into '{request.Destination}' is running. Wait for it, stop it, or choose another destination.");
            }

            // An unfinished download of something else into the same place is of no use any more.
            if (same is not null)
            {
                _downloads.Remove(same);
                Keep(_downloadCatalog.RemoveAsync(same.Id));
            }

            var entry = new SavedDownload(Guid.NewGuid(), request, DownloadState.Running, null, 0, DateTimeOffset.UtcNow);
            Keep(_downloadCatalog.AddAsync(entry.Id, request, entry.Created));
            var download = new Download(this, _downloadCatalog, entry);
            _downloads.Add(download);
            _latest[request.Destination] = download;
            download.Start();
            return download;
        }
    }

    /// <summary>Every download of this user at this tracker, those of earlier shells included, the oldest first.</summary>
    public IReadOnlyList<Download> GetDownloads()
    {
        lock (_lock)
        {
            return [.. _downloads];
        }
    }

    /// <summary>The download that was saved under this id: one that runs or ran here, else taken over from the shell that left it.</summary>
    public Download GetDownload(SavedDownload saved)
    {
        lock (_lock)
        {
            var known = _downloads.Find(download => download.Id == saved.Id);
            if (known is { HasRun: true })
            {
                return known;
            }

            // What was loaded at the start may be out of date: another shell ran it since.
            _downloads.RemoveAll(download => download.Id == saved.Id);
            return Load(saved);
        }
    }

    /// <summary>Stops a download, forgets it, and deletes its part file; a finished file stays.</summary>
    /// <exception cref="P2PShareException">As <see cref="DownloadStore.RemoveAsync(SavedDownload)"/>.</exception>
    public async Task RemoveDownloadAsync(Download download)
    {
        await download.StopAsync().ConfigureAwait(false);
        await _downloadCatalog.RemoveAsync(new SavedDownload(
            download.Id, download.Request, download.State, null, 0, download.Created)).ConfigureAwait(false);
        lock (_lock)
        {
            _downloads.Remove(download);
            if (_latest.GetValueOrDefault(download.Request.Destination) == download)
            {
                _latest.Remove(download.Request.Destination);
            }
        }
    }

    internal DownloadSession? FindRun(OfferedContent offered) => _runs.GetValueOrDefault(offered);

    internal void AddRun(OfferedContent offered, DownloadSession run) => _runs[offered] = run;

    internal void RemoveRun(OfferedContent offered, DownloadSession run) => _runs.TryRemove(new KeyValuePair<OfferedContent, DownloadSession>(offered, run));

    private void LoadDownloads()
    {
        foreach (var saved in _downloadCatalog.GetAll())
        {
            Load(saved);
        }
    }

    private Download Load(SavedDownload saved)
    {
        // The shell that ran it is gone, or another holds its part file: either way it does not run here.
        var state = saved.State == DownloadState.Running ? DownloadState.Suspended : saved.State;
        var download = new Download(this, _downloadCatalog, saved with { State = state });
        _downloads.Add(download);
        _latest[saved.Request.Destination] = download;
        return download;
    }
}
