using System.Buffers;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Hashing;

/// <summary>Hashes local files, as wide as the cores allow.</summary>
public static class FileHasher
{
    // Small enough to be hashed while it is still in the second-level cache, and enough blocks to hash several at once.
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
            // A stretch is one piece, or several small ones that are read together.
            var stretch = Math.Max(pieceLength, ReadLength);
            await Parallel.ForAsync(0, PieceLength.Count(before.Size, stretch), options, (index, _) =>
            {
                var length = PieceLength.SizeOf(before.Size, stretch, index);
                HashPieces(handle, (long)index * stretch, length, pieceLength, pieceLayer.AsSpan(index * (stretch / pieceLength)));
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

    private static void HashPieces(SafeFileHandle handle, long offset, int length, int pieceLength, Span<Hash256> layer)
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

            var leavesPerPiece = pieceLength / PieceLength.Block;
            for (var piece = 0; piece * leavesPerPiece < count; piece++)
            {
                var first = piece * leavesPerPiece;
                var ofPiece = leaves.AsSpan(first, Math.Min(leavesPerPiece, count - first));
                // A content of one piece has the root of its own blocks (BEP 52), not of a full piece.
                layer[piece] = layer.Length == 1 && offset == 0 ? HashTree.Root(ofPiece) : HashTree.PieceHash(ofPiece, pieceLength);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<Hash256>.Shared.Return(leaves);
        }
    }
}
