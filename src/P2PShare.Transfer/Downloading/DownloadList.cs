using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>The downloads of a peer server's user, those of earlier shells included. Safe for concurrent use.</summary>
public sealed class DownloadList
{
    /// <summary>
    /// Complete downloads that are kept; when there are a hundred more, the oldest are removed. Those that are not complete are kept until
    /// they are removed.
    /// </summary>
    public const int MaxComplete = 1000;

    // Looking for the oldest goes through all of them.
    private const int SweepStep = 100;

    private readonly DownloadDependencies _dependencies;
    private readonly Lock _lock = new();
    private readonly LinkedList<Download> _downloads = new();
    private readonly Dictionary<Guid, LinkedListNode<Download>> _byId = [];
    private readonly Dictionary<string, Download> _latest = [];
    private readonly CancellationToken _stopping;
    private readonly Func<Task> _stop;
    private int _sweepAt = MaxComplete + 1;

    internal DownloadList(DownloadDependencies dependencies)
    {
        var stopping = new CancellationTokenSource();
        (_dependencies, _stopping, _stop) = (dependencies, stopping.Token, stopping.CancelAsync);
    }

    /// <summary>Downloads that run.</summary>
    internal int ActiveCount => GetAll().Count(IsRunning);

    /// <summary>Sources connected, over all downloads.</summary>
    internal int SourceCount => GetAll().Where(IsRunning).Sum(download => download.Progress.Sources);

    /// <summary>Over all downloads.</summary>
    internal double BytesPerSecond => GetAll().Where(IsRunning).Sum(download => download.Progress.BytesPerSecond);

    internal DownloadDependencies Dependencies => _dependencies;

    /// <summary>
    /// Starts a download, or returns the one that runs into the same destination. An existing file is left alone unless the
    /// request overwrites; an unfinished part of the same content is continued.
    /// </summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.DestinationExists"/>, <see cref="ErrorCode.DestinationInvalid"/> or <see cref="ErrorCode.DestinationInUse"/>;
    /// what shows later is thrown by <see cref="Download.Completion"/>.
    /// </exception>
    public Download Start(DownloadRequest request)
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
            var latest = _latest.GetValueOrDefault(request.Destination);
            var same = latest?.State == DownloadState.Complete ? null : latest;
            if (same is not null && same.Request.Content == request.Content && same.Request.Group == request.Group
                && same.Request.Overwrite == request.Overwrite && same.Request.InPlace == request.InPlace
                && (same.State == DownloadState.Running || (same.Request.Attributes == request.Attributes && same.Request.IsEarlier == request.IsEarlier)))
            {
                same.Reuse(request.ReuseFrom);
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
                RemoveEntry(same);
                _dependencies.Store.RemoveAsync([same.Id]).ObserveFailure(_dependencies.Logger);
            }

            var entry = new SavedDownload(Guid.NewGuid(), request, DownloadState.Running, null, 0, _dependencies.Clock.GetUtcNow());
            var download = Add(entry, isSaved: false);
            download.Start();
            RemoveOldest();
            return download;
        }
    }

    /// <summary>Finds out what a download would fetch, without fetching, writing or announcing anything.</summary>
    /// <param name="request">
    /// Its destination is the local file, which need not exist; no unfinished part beside it is looked at. It is searched for bytes that moved as a download
    /// that overwrites it does.
    /// </param>
    /// <param name="hashed">The local file, if it is as long as the content.</param>
    /// <param name="maxRanges">0, if no ranges are wanted, to <see cref="ContentComparison.MaxRanges"/>.</param>
    /// <param name="progress">Receives the bytes of the pieces that are decided, on any thread.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.NoSourceOnline"/> if they differ and no peer could tell how much; <see cref="ErrorCode.SourceFileChanged"/> or
    /// <see cref="ErrorCode.PathUnreadable"/> for the local file; <see cref="ErrorCode.PeerServerNotRunning"/> if it is stopped meanwhile; the tracker's.
    /// </exception>
    public async Task<ContentComparison> CompareAsync(
        DownloadRequest request, HashedFile? hashed, int maxRanges, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping);
        try
        {
            return await ContentComparer.CompareAsync(_dependencies, request, hashed, maxRanges, progress, ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (_stopping.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new P2PShareException(ErrorCode.PeerServerNotRunning, $"'{request.Name}' was not compared to the end, because the peer server was stopped.", e);
        }
    }

    /// <summary>Every download of this user at this tracker, those of earlier shells included, the oldest first.</summary>
    public IReadOnlyList<Download> GetAll()
    {
        lock (_lock)
        {
            return [.. _downloads];
        }
    }

    /// <summary>The download that was saved under this id: one that runs or ran here, else taken over from the shell that left it.</summary>
    public Download Get(SavedDownload saved)
    {
        lock (_lock)
        {
            var known = _byId.GetValueOrDefault(saved.Id)?.Value;
            if (known is { HasRun: true })
            {
                return known;
            }

            // What was loaded at the start may be out of date: another shell ran it since.
            if (known is not null)
            {
                RemoveEntry(known);
            }

            return AddLeft(saved);
        }
    }

    /// <summary>Stops a download, removes it from the list, and deletes its part file; a finished file stays.</summary>
    /// <exception cref="P2PShareException">As <see cref="DownloadStore.RemoveAsync(SavedDownload)"/>.</exception>
    public async Task RemoveAsync(Download download)
    {
        await download.StopAsync().ConfigureAwait(false);
        await _dependencies.Store.RemoveAsync(
            new SavedDownload(download.Id, download.Request, download.State, null, 0, download.Created)).ConfigureAwait(false);
        lock (_lock)
        {
            RemoveEntry(download);
        }
    }

    /// <summary>Adds the downloads that earlier shells saved.</summary>
    internal void Load()
    {
        lock (_lock)
        {
            foreach (var saved in _dependencies.Store.GetAll())
            {
                AddLeft(saved);
            }
        }
    }

    /// <summary>Suspends all that run, and ends comparisons. Others that begin later end at once.</summary>
    internal async Task SuspendAllAsync()
    {
        await _stop().ConfigureAwait(false);
        await Task.WhenAll(GetAll().Select(download => download.SuspendAsync())).ConfigureAwait(false);
    }

    private static bool IsRunning(Download download) => download.State == DownloadState.Running;

    private static bool IsComplete(Download download) => download.State == DownloadState.Complete;

    // The shell that ran it is gone, or holds its part file: either way it does not run here.
    private Download AddLeft(SavedDownload saved) => Add(saved.State == DownloadState.Running ? saved with { State = DownloadState.Suspended } : saved);

    private void RemoveOldest()
    {
        if (_downloads.Count < _sweepAt)
        {
            return;
        }

        var complete = _downloads.Where(IsComplete).ToList();
        var oldest = complete.Take(complete.Count - MaxComplete).ToList();
        oldest.ForEach(RemoveEntry);
        if (oldest.Count > 0)
        {
            _dependencies.Store.RemoveAsync([.. oldest.Select(download => download.Id)]).ObserveFailure(_dependencies.Logger);
        }

        _sweepAt = Math.Max(_downloads.Count, MaxComplete) + SweepStep;
    }

    private void RemoveEntry(Download download)
    {
        if (_byId.Remove(download.Id, out var node))
        {
            _downloads.Remove(node);
        }

        if (_latest.GetValueOrDefault(download.Request.Destination) == download)
        {
            _latest.Remove(download.Request.Destination);
        }
    }

    private Download Add(SavedDownload saved, bool isSaved = true)
    {
        var download = new Download(_dependencies, saved, isSaved);
        _byId[download.Id] = _downloads.AddLast(download);
        _latest[saved.Request.Destination] = download;
        return download;
    }
}
