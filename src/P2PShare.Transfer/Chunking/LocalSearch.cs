using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Chunking;

/// <summary>
/// Cuts local files as the chunk map of a content was cut, and keeps where its chunks are. Memory grows with the map, not with the files;
/// the bytes that are read are bounded by the content's size. A large file is read whole only if one of its samples has a chunk of the content.
/// </summary>
internal sealed class LocalSearch(ChunkMap map, IReadOnlyList<ReuseFile> files, SkippedFiles skipped, TimeProvider clock)
{
    /// <summary>How many times the size of the content is read of local files at most.</summary>
    public const int MaxFactor = 4;

    /// <summary>Bytes of the shortest file of which samples are looked at first.</summary>
    public const long SampledSize = 64 * 1024 * 1024;

    // Of 64 samples one has a chunk of the content with a probability of 96 % if a twentieth of the file is in it.
    private const int Samples = 64;

    // The first cuts of a sample are not the file's; after a few chunks they are.
    private const int SampleLength = 8 * ChunkLength.Mean;

    // A part of a file takes 4 MiB while it is read.
    private const int MaxAtOnce = 8;

    private long _left = map.Size * MaxFactor;

    /// <summary>Bytes of local files that were read.</summary>
    public long BytesRead => map.Size * MaxFactor - Math.Max(0, Volatile.Read(ref _left));

    /// <summary>Searches the files in order, several at a time, until every chunk is found. Once it is cancelled, what was found until then counts.</summary>
    public async Task<LocalCoverage> RunAsync(CancellationToken cancellationToken)
    {
        ChunkIndex? index = null;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        try
        {
            index = ChunkIndex.TryMake(map, cancellationToken);
            if (index is null)
            {
                skipped.Add("the chunk map that was sent is not one of a file.");
                return new LocalCoverage(map.Size, files, []);
            }

            await Parallel.ForAsync(0, files.Count, options, (file, stop) =>
            {
                Search(index, file, stop);
                return ValueTask.CompletedTask;
            }).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What was found is as good as if that were all.
        }

        return new LocalCoverage(map.Size, files, index?.GetRanges() ?? []);
    }

    /// <summary>What answers or not as a whole, see <see cref="DiskCalls.Run"/>: the folder of a file.</summary>
    public static string DiskOf(string path) => Path.GetDirectoryName(path) ?? path;

    private void Search(ChunkIndex index, int file, CancellationToken cancellationToken)
    {
        if (index.IsComplete || Volatile.Read(ref _left) <= 0)
        {
            return;
        }

        var (path, root) = (files[file].Path, files[file].Root);
        var disk = DiskOf(path);
        try
        {
            using var handle = DiskCalls.Run(disk, DiskCalls.OpenLimit, clock, () => SafeFile.OpenShared(path, root));
            var status = SafeFile.Status(handle, path);
            // Who owns it could change it at any time, and could learn by it what is received here.
            if (OperatingSystem.IsLinux() && status.Owner != LinuxCalls.UserId)
            {
                throw new P2PShareException(ErrorCode.PathUnreadable, $"'{path}' belongs to another user.");
            }

            var size = Math.Min(status.Stamp.Size, Take(status.Stamp.Size));
            if (size < SampledSize)
            {
                FileChunks.Read(handle, disk, 0, size, chunks => Keep(index, chunks, file), clock, cancellationToken);
            }
            else if (HasAny(index, file, handle, disk, size, cancellationToken))
            {
                ReadAtOnce(index, file, handle, disk, size, cancellationToken);
            }
            else
            {
                // Others may have more.
                Interlocked.Add(ref _left, size - Samples * SampleLength);
            }
        }
        catch (P2PShareException e)
        {
            Skip(files[file], e.Message);
        }
        catch (EndOfStreamException)
        {
            Skip(files[file], $"'{path}' became shorter while it was read.");
        }
        catch (Exception e) when (e is IOException or TimeoutException or UnauthorizedAccessException)
        {
            Skip(files[file], FileErrors.Unreadable(path, e).Message);
        }
    }

    // A large file that has nothing is not worth the time that it takes to read it.
    private bool HasAny(ChunkIndex index, int file, SafeFileHandle handle, string disk, long size, CancellationToken cancellationToken)
    {
        var isFound = false;
        for (var sample = 0; sample < Samples && !isFound; sample++)
        {
            var from = (size - SampleLength) / (Samples - 1) * sample;
            FileChunks.Read(handle, disk, from, from + SampleLength, Look, clock, cancellationToken);
        }

        return isFound;

        bool Look(IReadOnlyList<FileChunk> chunks)
        {
            foreach (var chunk in chunks)
            {
                isFound |= index.Add(chunk, file);
            }

            return !isFound;
        }
    }

    // Where a file is cut depends on what is before, so that one thread would cut it. Of several, each goes on behind where the next one began, until
    // both cut in the same places.
    private void ReadAtOnce(ChunkIndex index, int file, SafeFileHandle handle, string disk, long size, CancellationToken cancellationToken)
    {
        var parts = Math.Min(Environment.ProcessorCount, MaxAtOnce);
        var options = new ParallelOptions { MaxDegreeOfParallelism = parts, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, parts, options, part => FileChunks.Read(
                handle, disk, size / parts * part, part == parts - 1 ? size : size / parts * (part + 1) + SampleLength,
                chunks => Keep(index, chunks, file), clock, cancellationToken));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    private void Skip(ReuseFile file, string reason)
    {
        if (file.TryReport())
        {
            skipped.Add(reason);
        }
    }

    // How many bytes of so many may be read.
    private long Take(long wanted)
    {
        var left = Interlocked.Add(ref _left, -wanted);
        return Math.Max(0, left >= 0 ? wanted : wanted + left);
    }

    private static bool Keep(ChunkIndex index, IReadOnlyList<FileChunk> chunks, int file)
    {
        foreach (var chunk in chunks)
        {
            index.Add(chunk, file);
        }

        return !index.IsComplete;
    }
}
