using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Chunking;

/// <summary>Makes the chunk map of a file that was hashed before.</summary>
internal static class ChunkMapMaker
{
    /// <summary>Whether a content can have a map: those that are fetched in one message are not worth one.</summary>
    public static bool CanHaveMap(ContentDescription content) => content.Size > ContentMessage.MaxSize;

    /// <summary>Reads the file once.</summary>
    /// <returns>Null if a map would be longer than <see cref="ChunkMap.MaxLength"/>.</returns>
    /// <exception cref="P2PShareException">SourceFileChanged, PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public static async Task<ChunkMap?> MakeAsync(HashedFile file, TimeProvider clock, CancellationToken cancellationToken) =>
        // It reads and waits for the disk: not a thread of the caller's.
        await Task.Factory.StartNew(() => Make(file, clock, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);

    private static ChunkMap? Make(HashedFile file, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            using var handle = DiskCalls.Run(file.Disk, DiskCalls.OpenLimit, clock, () => SafeFile.OpenShared(file.Path));
            // Chunks of other bytes than those that were hashed would lead receivers astray.
            if (!file.IsUnchanged(SafeFile.Status(handle, file.Path).Stamp))
            {
                throw FileErrors.Changed(file.Path);
            }

            var writer = new ChunkMapWriter();
            var fits = true;
            FileChunks.Read(handle, file.Disk, 0, file.Content.Size, TakeAll, clock, cancellationToken);
            if (!file.IsUnchanged(SafeFile.Status(handle, file.Path).Stamp))
            {
                throw FileErrors.Changed(file.Path);
            }

            return fits ? writer.Finish(file.Content) : null;

            bool TakeAll(IReadOnlyList<FileChunk> chunks)
            {
                foreach (var chunk in chunks)
                {
                    fits = fits && writer.TryAdd(chunk.Length, chunk.Hash);
                }

                return fits;
            }
        }
        catch (EndOfStreamException)
        {
            throw FileErrors.Changed(file.Path);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            throw FileErrors.Unreadable(file.Path, e);
        }
    }
}
