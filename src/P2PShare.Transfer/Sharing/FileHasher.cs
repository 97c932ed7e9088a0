using System.Buffers;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Sharing;

/// <summary>Hashes local files, as wide as the cores allow.</summary>
public static class FileHasher
{
    // Small enough to be hashed while it is still in the second-level cache.
    private const int ReadLength = 256 * 1024;

    /// <summary>Hashes a file.</summary>
    /// <param name="path">A file, not a folder.</param>
    /// <param name="progress">Told the number of bytes hashed so far, from any thread, at most once a piece.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.PathNotFound"/>, <see cref="ErrorCode.PathIsFolder"/>, <see cref="ErrorCode.PathUnreadable"/>, or
    /// <see cref="ErrorCode.SourceFileChanged"/> where the file changed while it was read.
    /// </exception>
    public static async Task<HashedFile> HashAsync(string path, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        path = Path.GetFullPath(path);
        using var handle = SourceFile.Open(path);
        var before = SourceFile.Stat(handle);
        var pieceLength = PieceLength.For(before.Size);
        if (before.Size > PieceLength.MaxContentSize)
        {
            throw new P2PShareException(
                ErrorCode.InvalidContent, $"'{path}' has {before.Size} bytes; at most {PieceLength.MaxContentSize} can be shared.");
        }

        var pieceLayer = new Hash256[PieceLength.Count(before.Size, pieceLength)];
        var hashed = 0L;
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        try
        {
            await Parallel.ForAsync(0, pieceLayer.Length, options, (index, _) =>
            {
                var length = PieceLength.SizeOf(before.Size, pieceLength, index);
                pieceLayer[index] = HashPiece(handle, (long)index * pieceLength, length, pieceLength, only: pieceLayer.Length == 1);
                progress?.Report(Interlocked.Add(ref hashed, length));
                return ValueTask.CompletedTask;
            }).ConfigureAwait(false);
        }
        catch (EndOfStreamException)
        {
            throw SourceFile.Changed(path);
        }
        catch (IOException e)
        {
            throw SourceFile.Unreadable(path, e);
        }

        if (SourceFile.Stat(handle) != before)
        {
            throw SourceFile.Changed(path);
        }

        return pieceLayer.Length switch
        {
            0 => new HashedFile(path, before.Modified, new ContentDescription(0, pieceLength, null), []),
            1 => new HashedFile(path, before.Modified, new ContentDescription(before.Size, pieceLength, pieceLayer[0]), []),
            _ => new HashedFile(
                path, before.Modified,
                new ContentDescription(before.Size, pieceLength, HashTree.Root(pieceLayer.AsSpan().ToArray(), HashTree.Height(pieceLength))),
                pieceLayer),
        };
    }

    private static Hash256 HashPiece(SafeFileHandle handle, long offset, int length, int pieceLength, bool only)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadLength);
        var leaves = ArrayPool<Hash256>.Shared.Rent((length + PieceLength.Block - 1) / PieceLength.Block);
        try
        {
            var count = 0;
            for (var done = 0; done < length;)
            {
                var part = buffer.AsSpan(0, Math.Min(ReadLength, length - done));
                SourceFile.ReadExactly(handle, part, offset + done);
                count += HashTree.HashBlocks(part, leaves.AsSpan(count));
                done += part.Length;
            }

            var all = leaves.AsSpan(0, count);
            return only ? HashTree.Root(all) : HashTree.PieceHash(all, pieceLength);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<Hash256>.Shared.Return(leaves);
        }
    }
}
