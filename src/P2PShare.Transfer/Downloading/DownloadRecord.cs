using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>What the state folder has of a download. One of a small content is not there before it ends, or needs more than a moment. Safe for concurrent use.</summary>
/// <param name="isSaved">Whether the state folder has it.</param>
internal sealed class DownloadRecord(IDownloadStore store, ILogger logger, SavedDownload download, bool isSaved)
{
    private readonly Lock _lock = new();
    private bool _isSaved = isSaved;
    private bool _isComplete;

    public bool IsSaved
    {
        get
        {
            lock (_lock)
            {
                return _isSaved;
            }
        }
    }

    /// <summary>It was saved as complete, with others.</summary>
    public void SetComplete()
    {
        lock (_lock)
        {
            (_isSaved, _isComplete) = (true, true);
        }
    }

    public void Save(DownloadState state, P2PShareException? error, long bytesVerified)
    {
        lock (_lock)
        {
            var wasSaved = _isSaved;
            if (!wasSaved)
            {
                _isSaved = true;
                store.AddAsync(download.Id, download.Request, download.Created).ObserveFailure(logger);
            }

            // A new one is added as running; one that was saved as complete has nothing to be saved.
            if ((wasSaved || state != DownloadState.Running) && !(_isComplete && state == DownloadState.Complete))
            {
                store.UpdateAsync(download.Id, state, error, bytesVerified).ObserveFailure(logger);
            }

            _isComplete = state == DownloadState.Complete;
        }
    }
}
