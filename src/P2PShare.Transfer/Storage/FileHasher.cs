using System.Buffers;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Storage;

/// <summary>Hashes local files on all cores. Ranges that were never written are not read where the system tells which they are.</summary>
public static class FileHasher
{
    // What is read and hashed at once if the system has it in memory.
    private const int SmallSize = 64 * 1024;

    /// <inheritdoc cref="HashAsync(string, string?, IProgress{long}?, CancellationToken)"/>
    public static Task<HashedFile> HashAsync(string path, IProgress<long>? progress, CancellationToken cancellationToken) =>
        HashAsync(path, root: null, progress, cancellationToken);

    /// <summary>Hashes a file.</summary>
    /// <param name="path">A file, not a folder.</param>
    /// <param name="root">A folder above the file that a person named: no link between the two is followed. Null: the person named the file.</param>
    /// <param name="progress">Receives the number of bytes hashed so far, on any thread, at most once a piece.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.PathNotFound"/>, <see cref="ErrorCode.PathIsFolder"/>, <see cref="ErrorCode.PathUnreadable"/>,
    /// <see cref="ErrorCode.InvalidContent"/> if it is too large, or <see cref="ErrorCode.SourceFileChanged"/> if it changed meanwhile.
    /// </exception>
    public static Task<HashedFile> HashAsync(string path, string? root, IProgress<long>? progress, CancellationToken cancellationToken) =>
        HashAsync(path, root, PieceLength.For, progress, TimeProvider.System, cancellationToken);

    /// <param name="choosePieceLength">Returns a valid piece length for a size, both in bytes.</param>
    internal static async Task<HashedFile> HashAsync(
        string path, string? root, Func<long, int> choosePieceLength, IProgress<long>? progress, TimeProvider clock, CancellationToken cancellationToken)
    {
        path = Path.GetFullPath(path);
        using var opened = Open(path, root, choosePieceLength, clock);
        var (handle, before) = (opened.Handle, opened.Before);
        var hasSettled = before.Identity?.HasSettled(clock.GetUtcNow()) == true;
        var layout = new ContentDescription(before.Size, choosePieceLength(before.Size), null);
        if (layout.Size > PieceLength.MaxContentSize)
        {
            throw new P2PShareException(
                ErrorCode.InvalidContent, $"'{path}' has {layout.Size} bytes; at most {PieceLength.MaxContentSize} can be shared.");
        }

        var hashes = new Hash256[layout.PieceCount];
        try
        {
            if (opened.Root is { } only)
            {
                hashes[0] = only;
                progress?.Report(layout.Size);
            }
            else
            {
                await HashPiecesAsync(handle, layout, hashes, progress, clock, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (EndOfStreamException)
        {
            throw FileErrors.Changed(path);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            throw FileErrors.Unreadable(path, e);
        }

        if (SafeFile.Status(handle, path).Stamp != before)
        {
            throw FileErrors.Changed(path);
        }

        var content = hashes.Length switch
        {
            0 => layout,
            1 => layout with { PiecesRoot = hashes[0] },
            _ => layout with { PiecesRoot = HashTree.Root(hashes.AsSpan().ToArray(), HashTree.Height(layout.PieceLength)) },
        };
        return new HashedFile(path, before.Modified, content, hashes.Length > 1 ? hashes : [], before.Identity)
        {
            WasHashedHere = hasSettled,
            Executable = opened.Executable,
        };
    }

    private static OpenedToHash Open(string path, string? root, Func<long, int> choosePieceLength, TimeProvider clock)
    {
        try
        {
            return DiskCalls.Run(Path.GetDirectoryName(path) ?? path, DiskCalls.OpenLimit, clock, () =>
            {
                var handle = SafeFile.OpenShared(path, root);
                try
                {
                    var status = SafeFile.Status(handle, path);
                    return new OpenedToHash(handle, status, HashSmall(handle, status.Stamp.Size, choosePieceLength));
                }
                catch
                {
                    handle.Dispose();
                    throw;
                }
            });
        }
        catch (TimeoutException e)
        {
            throw FileErrors.Unreadable(path, e);
        }
    }

    // Of thousands of small files the tasks that hash them would take longer than the hashes.
    private static Hash256? HashSmall(SafeFileHandle handle, long size, Func<long, int> choosePieceLength)
    {
        if (!OperatingSystem.IsLinux() || size is 0 or > SmallSize || size > choosePieceLength(size))
        {
            return null;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(SmallSize);
        try
        {
            var content = buffer.AsSpan(0, (int)size);
            return LinuxCalls.TryReadCached(handle, content, 0) ? HashTree.ContentRoot(content) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task HashPiecesAsync(
        SafeFileHandle handle, ContentDescription layout, Hash256[] hashes, IProgress<long>? progress, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = new ReadCounter();
        var hashed = 0L;
        var options = new ParallelOptions { CancellationToken = stop.Token, MaxDegreeOfParallelism = Environment.ProcessorCount };
        // A stretch is one piece, or several small ones that are read together.
        var stretch = Math.Max(layout.PieceLength, RangeHasher.ReadLength);
        var work = Parallel.ForAsync(0, PieceLength.Count(layout.Size, stretch), options, (index, _) =>
        {
            var pieces = stretch / layout.PieceLength;
            var first = index * pieces;
            RangeHasher.HashPieces(handle, layout, first, hashes.AsSpan(first, Math.Min(pieces, hashes.Length - first)), reading.Add);
            progress?.Report(Interlocked.Add(ref hashed, PieceLength.SizeOf(layout.Size, stretch, index)));
            return ValueTask.CompletedTask;
        });

        while (true)
        {
            var before = reading.Value;
            try
            {
                await work.WaitAsync(DiskCalls.ReadLimit, clock, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (TimeoutException) when (!work.IsCompleted && reading.Value != before)
            {
                // The disk is slow.
            }
            catch (TimeoutException)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw new TimeoutException($"The disk or its server did not answer within {DiskCalls.ReadLimit.TotalSeconds:0} seconds.");
            }
        }
    }

    /// <param name="Root">The pieces root, if it is small and was in memory.</param>
    private sealed record OpenedToHash(SafeFileHandle Handle, FileStatus Status, Hash256? Root) : IDisposable
    {
        public FileStamp Before => Status.Stamp;

        public bool? Executable => OperatingSystem.IsWindows() ? null : Status.Mode.HasFlag(UnixFileMode.UserExecute);

        public void Dispose() => Handle.Dispose();
    }

    private sealed class ReadCounter
    {
        private long _value;

        public long Value => Interlocked.Read(ref _value);

        public void Add() => Interlocked.Increment(ref _value);
    }
}
