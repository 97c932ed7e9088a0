using System.Buffers;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Storage;

/// <summary>Hashes local files on all cores.</summary>
public static class FileHasher
{
    // Small enough to be hashed while it is still in the second-level cache, and enough blocks to hash several at once.
    private const int ReadLength = 256 * 1024;

    /// <summary>Hashes a file.</summary>
    /// <param name="path">A file, not a folder.</param>
    /// <param name="progress">Receives the number of bytes hashed so far, on any thread, at most once a piece.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.PathNotFound"/>, <see cref="ErrorCode.PathIsFolder"/>, <see cref="ErrorCode.PathUnreadable"/>,
    /// <see cref="ErrorCode.InvalidContent"/> if it is too large, or <see cref="ErrorCode.SourceFileChanged"/> if it changed meanwhile.
    /// </exception>
    public static Task<HashedFile> HashAsync(string path, IProgress<long>? progress, CancellationToken cancellationToken) =>
        HashAsync(path, PieceLength.For, progress, cancellationToken);

    /// <param name="choosePieceLength">Returns a valid piece length for a size, both in bytes.</param>
    internal static async Task<HashedFile> HashAsync(
        string path, Func<long, int> choosePieceLength, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        path = Path.GetFullPath(path);
        using var handle = SafeFile.OpenShared(path);
        var before = SafeFile.Stat(handle);
        var layout = new ContentDescription(before.Size, choosePieceLength(before.Size), null);
        if (layout.Size > PieceLength.MaxContentSize)
        {
            throw new P2PShareException(
                ErrorCode.InvalidContent, $"'{path}' has {layout.Size} bytes; at most {PieceLength.MaxContentSize} can be shared.");
        }

        var hashes = new Hash256[layout.PieceCount];
        try
        {
            await HashPiecesAsync(handle, layout, hashes, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (EndOfStreamException)
        {
            throw SafeFile.Changed(path);
        }
        catch (IOException e)
        {
            throw SafeFile.Unreadable(path, e);
        }

        if (SafeFile.Stat(handle) != before)
        {
            throw SafeFile.Changed(path);
        }

        return hashes.Length switch
        {
            0 => new HashedFile(path, before.Modified, layout, []),
            1 => new HashedFile(path, before.Modified, layout with { PiecesRoot = hashes[0] }, []),
            _ => new HashedFile(
                path, before.Modified,
                layout with { PiecesRoot = HashTree.Root(hashes.AsSpan().ToArray(), HashTree.Height(layout.PieceLength)) },
                hashes),
        };
    }

    private static Task HashPiecesAsync(
        SafeFileHandle handle, ContentDescription layout, Hash256[] hashes, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var hashed = 0L;
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        // A stretch is one piece, or several small ones that are read together.
        var stretch = Math.Max(layout.PieceLength, ReadLength);
        return Parallel.ForAsync(0, PieceLength.Count(layout.Size, stretch), options, (index, _) =>
        {
            var length = PieceLength.SizeOf(layout.Size, stretch, index);
            HashStretch(handle, (long)index * stretch, length, layout, hashes.AsSpan(index * (stretch / layout.PieceLength)));
            progress?.Report(Interlocked.Add(ref hashed, length));
            return ValueTask.CompletedTask;
        });
    }

    private static void HashStretch(SafeFileHandle handle, long offset, int length, ContentDescription layout, Span<Hash256> hashes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadLength);
        var leaves = ArrayPool<Hash256>.Shared.Rent((length + PieceLength.Block - 1) / PieceLength.Block);
        try
        {
            var count = 0;
            for (var done = 0; done < length;)
            {
                var read = buffer.AsSpan(0, Math.Min(ReadLength, length - done));
                SafeFile.ReadExactly(handle, read, offset + done);
                count += HashTree.HashBlocks(read, leaves.AsSpan(count));
                done += read.Length;
            }

            var leavesPerPiece = layout.PieceLength / PieceLength.Block;
            for (var piece = 0; piece * leavesPerPiece < count; piece++)
            {
                var first = piece * leavesPerPiece;
                hashes[piece] = HashTree.PieceHash(leaves.AsSpan(first, Math.Min(leavesPerPiece, count - first)), layout);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<Hash256>.Shared.Return(leaves);
        }
    }
}
