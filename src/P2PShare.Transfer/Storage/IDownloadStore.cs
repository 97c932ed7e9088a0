using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>Keeps a user's downloads between shells. Writes are in the order of the calls.</summary>
internal interface IDownloadStore
{
    /// <summary>All, the oldest first.</summary>
    IReadOnlyList<SavedDownload> GetAll();

    Task AddAsync(Guid id, DownloadRequest request, DateTimeOffset created);

    /// <summary>Adds downloads together, or updates those that are there. Their errors are not kept.</summary>
    Task SaveAsync(IReadOnlyList<SavedDownload> downloads);

    Task UpdateAsync(Guid id, DownloadState state, P2PShareException? error, long bytesVerified);

    /// <summary>Removes downloads; their part files stay.</summary>
    Task RemoveAsync(IReadOnlyList<Guid> ids);

    /// <summary>Removes a download and deletes its part file; a finished file stays.</summary>
    /// <exception cref="P2PShareException">As <see cref="DownloadStore.RemoveAsync(SavedDownload)"/>.</exception>
    Task RemoveAsync(SavedDownload download);
}
