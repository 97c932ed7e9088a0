using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// Offers what an earlier peer server offered, and what was withdrawn for an update that changed nothing. A file that may have changed since is hashed
/// again first, in the background: it is offered if it still has the bytes that were shared.
/// </summary>
/// <param name="offer">Offers a file under a name.</param>
/// <param name="find">As <see cref="SafeFile.Find"/>.</param>
internal sealed class ShareRestorer(
    ShareStore store, Action<HashedFile, OfferedName> offer, Func<string, FileStatus?> find, ILogger logger, TimeProvider clock) : IDisposable
{
    // One call to the disk for so many: what it costs to wait for one is several times what it costs to find a file.
    private const int MaxBatch = 128;

    // Calls to disks at a time: while one batch is offered, the files of the next are found.
    private const int MaxAhead = 4;

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();

    // The shares whose files are to be hashed, or are being hashed, by path.
    private readonly Dictionary<string, List<ShareStore.Share>> _toHash = new(StringComparer.Ordinal);

    /// <summary>Ends when every file that may have changed was hashed.</summary>
    public Task Hashing { get; private set; } = Task.CompletedTask;

    /// <summary>Offers what is known to be the same; what may have changed is hashed in the background.</summary>
    public async Task RestoreAsync()
    {
        var toHash = new List<ShareStore.Share>();
        await foreach (var (batch, isSame) in FindUntouchedAsync(store.GetAll()).ConfigureAwait(false))
        {
            for (var i = 0; i < batch.Length; i++)
            {
                if (isSame[i])
                {
                    offer(batch[i].File, NameOf(batch[i]));
                }
                else
                {
                    Check(batch[i], toHash);
                }
            }
        }

        Hash(toHash);
    }

    /// <summary>Offers again what was received into a file that was withdrawn, if it has its bytes still.</summary>
    /// <param name="path">Full path.</param>
    public void OfferAgain(string path) => Hash([.. store.GetAll().Where(share => share.Received && share.File.Path == path)]);

    /// <summary>Keeps a file from being offered that is hashed.</summary>
    /// <param name="path">Full path.</param>
    public void Withdraw(string path)
    {
        lock (_lock)
        {
            _toHash.Remove(path);
        }
    }

    /// <returns>What the user shares from a file that is hashed; null if there is nothing.</returns>
    /// <param name="path">Full path.</param>
    public OfferedName? FindShared(string path)
    {
        ShareStore.Share[] shared;
        lock (_lock)
        {
            shared = [.. _toHash.Values.SelectMany(shares => shares).Where(share => !share.Received)];
        }

        // By whatever path it was shared.
        var file = shared.Length > 0 ? find(path) : null;
        return Array.Find(shared, share => share.File.Path == path
            || (file is { } found && found.IsSameFile(new FileStatus(FileKind.File, default, 0, 1, share.File.Stamp)))) is { } same ? NameOf(same) : null;
    }

    public void Dispose() => _stop.Cancel();

    /// <returns>In batches, and for each share, whether its file is known to be the same.</returns>
    private async IAsyncEnumerable<(ShareStore.Share[] Batch, bool[] IsSame)> FindUntouchedAsync(IEnumerable<ShareStore.Share> shares)
    {
        var ahead = new Queue<(ShareStore.Share[] Batch, Task<bool[]> IsSame)>();
        foreach (var disk in shares.Where(share => share.File.Content.Size > 0).GroupBy(share => share.File.Disk))
        {
            foreach (var batch in disk.Chunk(MaxBatch))
            {
                ahead.Enqueue((batch, Task.Run(() => FindUntouched(disk.Key, batch))));
                if (ahead.Count == MaxAhead)
                {
                    var (first, isSame) = ahead.Dequeue();
                    yield return (first, await isSame.ConfigureAwait(false));
                }
            }
        }

        foreach (var (batch, isSame) in ahead)
        {
            yield return (batch, await isSame.ConfigureAwait(false));
        }
    }

    /// <returns>For each share, whether its file is known to be the same; false also if it cannot be found out.</returns>
    private bool[] FindUntouched(string disk, ShareStore.Share[] shares)
    {
        try
        {
            // It does not count as a call to the disk: one file at which it hangs, and which then hangs by itself, must not make the others fail at once.
            return DiskCalls.Run($"{disk}, many", DiskCalls.OpenLimit, clock, () => Array.ConvertAll(shares, share => IsUntouched(share.File)));
        }
        catch (TimeoutException)
        {
            // One of them may be at fault: each is tried by itself.
            return new bool[shares.Length];
        }
    }

    // No change leaves the change time as it was, not even one of who may read the file.
    private bool IsUntouched(HashedFile file)
    {
        try
        {
            return file.Identity is not null && find(file.Path) is { Kind: FileKind.File, Stamp: var now } && now == file.Stamp;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void Check(ShareStore.Share share, List<ShareStore.Share> toHash)
    {
        try
        {
            if (!TryOffer(share))
            {
                toHash.Add(share);
            }
        }
        catch (P2PShareException e)
        {
            Drop(share, e);
        }
    }

    // False if only its bytes can show whether it is the same.
    private bool TryOffer(ShareStore.Share share)
    {
        var file = share.File;
        if (file.Identity is null && ResolveLink(file.Path) != file.Path)
        {
            return false;
        }

        using var content = new SharedContent(file, clock);
        var now = content.Find();
        if (now.Size != file.Content.Size)
        {
            throw HasChanged(file);
        }

        if (!file.IsUnchanged(now))
        {
            return false;
        }

        if (file.Identity != now.Identity)
        {
            // Each piece is checked before it is served: nothing has to be read now.
            file = file with { Identity = now.Identity };
            store.UpdateStampAsync(file).ObserveFailure(logger);
        }

        offer(file, NameOf(share));
        return true;
    }

    private void Hash(List<ShareStore.Share> shares)
    {
        if (shares.Count == 0)
        {
            return;
        }

        var files = shares.GroupBy(share => share.File.Path).ToList();
        lock (_lock)
        {
            files.ForEach(file => _toHash[file.Key] = [.. file]);
            var before = Hashing;
            Hashing = Task.Run(async () =>
            {
                await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await HashAsync(files.ConvertAll(file => file.Key), _stop.Token).ConfigureAwait(false);
            });
        }
    }

    private async Task HashAsync(List<string> paths, CancellationToken cancellationToken)
    {
        foreach (var path in paths)
        {
            if (Find(path) is not { } share)
            {
                continue;
            }

            try
            {
                // One after the other: the hash of one file uses all cores.
                var content = share.File.Content;
                var hashed = await FileHasher.HashAsync(
                    ResolveLink(path), root: null, _ => content.PieceLength, null, clock, cancellationToken).ConfigureAwait(false);
                if (hashed.Content != content)
                {
                    throw HasChanged(share.File);
                }

                End(path, same => OfferHashed(hashed, same));
            }
            catch (Exception e) when (e is P2PShareException or IOException or UnauthorizedAccessException)
            {
                End(path, unreadable => Drop(unreadable, e as P2PShareException ?? FileErrors.Unreadable(path, e)));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private ShareStore.Share? Find(string path)
    {
        lock (_lock)
        {
            return _toHash.GetValueOrDefault(path)?[0];
        }
    }

    // Not for a file that was withdrawn meanwhile. One that is withdrawn from now on is offered already, or not any more.
    private void End(string path, Action<ShareStore.Share> end)
    {
        lock (_lock)
        {
            if (_toHash.Remove(path, out var shares))
            {
                shares.ForEach(end);
            }
        }
    }

    private void OfferHashed(HashedFile hashed, ShareStore.Share share)
    {
        if (store.Contains(share))
        {
            store.AddAsync(hashed, share.Group, share.Name, share.Received).ObserveFailure(logger);
            offer(hashed, NameOf(share));
        }
    }

    private static OfferedName NameOf(ShareStore.Share share) => new(share.Group, share.Name, share.Received);

    private void Drop(ShareStore.Share share, P2PShareException e)
    {
        if (share.Received && e.InnerException is not TimeoutException)
        {
            // Its user may do with a received file as they like.
            store.RemoveAsync(share.Group, share.Name).ObserveFailure(logger);
        }
        else
        {
            logger.ShareNotOffered(share.Name, share.Group.Name, e.Message);
        }
    }

    // Versions before this one kept the path of a link that a person named, and not of what it led to.
    private static string ResolveLink(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }

    private static P2PShareException HasChanged(HashedFile file) =>
        new(ErrorCode.SourceFileChanged, $"'{file.Path}' is not what was shared any more: it has other bytes.");
}
