using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Keeps downloads in memory, and what was written in its order.</summary>
internal sealed class FakeDownloadStore : IDownloadStore
{
    private readonly Lock _lock = new();
    private readonly List<string> _log = [];

    /// <summary>What earlier shells left.</summary>
    public List<SavedDownload> Saved { get; } = [];

    public string[] Log
    {
        get
        {
            lock (_lock)
            {
                return [.. _log];
            }
        }
    }

    public IReadOnlyList<SavedDownload> GetAll() => Saved;

    public Task AddAsync(Guid id, DownloadRequest request, DateTimeOffset created) => WriteAsync($"add {request.Name}");

    public Task SaveAsync(IReadOnlyList<SavedDownload> downloads) =>
        WriteAsync($"save {string.Join(' ', downloads.Select(download => $"{download.Request.Name} {download.State} {download.BytesVerified}"))}");

    public Task UpdateAsync(Guid id, DownloadState state, P2PShareException? error, long bytesVerified) =>
        WriteAsync(error is null ? $"{state} {bytesVerified}" : $"{state} {bytesVerified} {error.Code}");

    public Task RemoveAsync(IReadOnlyList<Guid> ids) => WriteAsync($"remove {ids.Count}");

    public Task RemoveAsync(SavedDownload download) => WriteAsync($"remove {download.Request.Name} {download.State}");

    private Task WriteAsync(string entry)
    {
        lock (_lock)
        {
            _log.Add(entry);
        }

        return Task.CompletedTask;
    }
}
