using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Finds what of a content local files have, at whatever offset: fetches the content's chunk map from a source, and searches the file that is replaced, the
/// files that a person named, and other files of the group. All of it is a hint, bounded in bytes and time. Safe for concurrent use.
/// </summary>
internal sealed class ChunkReuse
{
    // A received map is kept if it covered one of so many bytes: what covers little may as well be a lie.
    private const int KeptFraction = 8;

    // How fast local files are read at least, in bytes a second, or what was found until then has to do.
    private const double MinSpeed = 100e6;

    private static readonly TimeSpan MinTime = TimeSpan.FromSeconds(10);

    // One search uses all cores, and up to 200 MiB.
    private static readonly SemaphoreSlim Turn = new(1);

    private readonly DownloadDependencies _dependencies;
    private readonly DownloadRequest _request;
    private readonly SourcePool _sources;
    private readonly IReadOnlyList<ReuseFile> _files;
    private readonly ChunkMapFetch _fetch;
    private readonly bool _keepsMap;

    /// <param name="keepsMap">Whether a map that a source sent is kept for others.</param>
    public ChunkReuse(DownloadDependencies dependencies, DownloadRequest request, SourcePool sources, bool keepsMap = true)
    {
        (_dependencies, _request, _sources, _keepsMap) = (dependencies, request, sources, keepsMap);
        _fetch = new ChunkMapFetch(request.Content, dependencies.Clock);
        // A small content is fetched sooner than all files of a large group are looked through.
        _files = !ChunkMapMaker.CanHaveMap(request.Content) ? []
            : ReuseCandidates.Find(request, request.Content.Size >= ChunkMapStore.AutomaticSize ? dependencies.Contents.FindPaths(request.Group.Id) : []);
    }

    /// <summary>Whether there are local files to search.</summary>
    public bool IsPossible => _files.Count > 0;

    /// <summary>Waits for the map, and searches.</summary>
    /// <returns>Null if nothing was found.</returns>
    /// <exception cref="OperationCanceledException">The download has ended.</exception>
    public async Task<LocalCoverage?> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            var kept = _dependencies.ChunkMaps?.Find(_request.Content);
            var map = kept ?? await _fetch.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
            var found = map is null ? null : await FindAsync(map, cancellationToken).ConfigureAwait(false);
            // Others that lack it can ask here. One by which little was found is not told on.
            if (_keepsMap && found is not null && kept is null && found.Ranges.Sum(range => range.Length) >= map!.Size / KeptFraction)
            {
                _dependencies.ChunkMaps?.TryAdd(map, received: true);
            }

            return found;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Other searches took all the time.
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it is, the content is fetched.
            _dependencies.Logger.FilesNotSearched(_request.Name, e.Message);
            return null;
        }
    }

    /// <summary>Asks a source for the map if that is due. Called when sources come, and now and then.</summary>
    public void Send()
    {
        if (IsPossible)
        {
            _fetch.Send(_sources.Connected, _sources.KnownPeers);
        }
    }

    /// <inheritdoc cref="ChunkMapFetch.Receive"/>
    public void Receive(DownloadSource source, MapHeader header, ReadOnlySpan<byte> bytes)
    {
        _fetch.Receive(source, header, bytes);
        Send();
    }

    /// <inheritdoc cref="ChunkMapFetch.Reject"/>
    public void Reject(DownloadSource source)
    {
        _fetch.Reject(source);
        Send();
    }

    private async Task<LocalCoverage?> FindAsync(ChunkMap map, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(MinTime + TimeSpan.FromSeconds(map.Size / MinSpeed), _dependencies.Clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        await Turn.WaitAsync(stop.Token).ConfigureAwait(false);
        try
        {
            var skipped = new SkippedFiles();
            var found = await new LocalSearch(map, _files, skipped, _dependencies.Clock).RunAsync(stop.Token).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (skipped.Describe() is { } problem)
            {
                _dependencies.Logger.FilesNotSearched(_request.Name, problem);
            }

            return found.Ranges.Count > 0 ? found : null;
        }
        finally
        {
            Turn.Release();
        }
    }
}
