using System.Buffers;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Storage;

/// <summary>Hashes ranges of open files. Where the system knows that nothing was written, the hashes are known without reading.</summary>
internal static class RangeHasher
{
    // Small enough to be hashed while it is still in the second-level cache, and enough blocks to hash several at once.
    public const int ReadLength = 256 * 1024;

    /// <summary>Hashes one piece. What is missing at the end of a file that is too short may count as zeros.</summary>
    /// <exception cref="EndOfStreamException">The file is too short.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Hash256 HashPiece(SafeFileHandle handle, ContentDescription content, int index)
    {
        Hash256 hash = default;
        HashPieces(handle, content, index, new Span<Hash256>(ref hash));
        return hash;
    }

    /// <summary>Hashes some pieces that follow each other.</summary>
    /// <param name="first">The first piece.</param>
    /// <param name="hashes">Receives one hash a piece.</param>
    /// <param name="wasRead">Called after each read.</param>
    /// <exception cref="EndOfStreamException">The file is too short.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static void HashPieces(SafeFileHandle handle, ContentDescription content, int first, Span<Hash256> hashes, Action? wasRead = null)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadLength);
        var leaves = ArrayPool<Hash256>.Shared.Rent(hashes.Length * (content.PieceLength / PieceLength.Block));
        try
        {
            var offset = (long)first * content.PieceLength;
            var length = (int)(Math.Min(offset + (long)hashes.Length * content.PieceLength, content.Size) - offset);
            var isHole = !FileHoles.MayHoldData(handle, offset, length);
            var count = isHole ? 0 : HashBlocks(handle, offset, length, leaves, buffer, wasRead);
            var leavesPerPiece = content.PieceLength / PieceLength.Block;
            for (var piece = 0; piece < hashes.Length; piece++)
            {
                var begin = piece * leavesPerPiece;
                hashes[piece] = isHole
                    ? ZeroHashes.Piece(content, first + piece)
                    : HashTree.PieceHash(leaves.AsSpan(begin, Math.Min(leavesPerPiece, count - begin)), content);
            }

            if (isHole)
            {
                wasRead?.Invoke();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<Hash256>.Shared.Return(leaves);
        }
    }

    // Of a range that begins with a block. Returns how many blocks it has.
    private static int HashBlocks(SafeFileHandle handle, long offset, int length, Span<Hash256> leaves, Span<byte> buffer, Action? wasRead)
    {
        var end = offset + length;
        var count = 0;
        while (offset < end)
        {
            var data = Math.Min(FileHoles.NextData(handle, offset), end);
            for (; offset < end && Math.Min(offset + PieceLength.Block, end) <= data; offset += PieceLength.Block)
            {
                leaves[count++] = ZeroHashes.Block((int)Math.Min(PieceLength.Block, end - offset));
            }

            if (offset < end)
            {
                var read = buffer[..(int)Math.Min(ReadLength, end - offset)];
                SafeFile.ReadExactly(handle, read, offset);
                wasRead?.Invoke();
                count += HashBlocks(read, leaves[count..]);
                offset += read.Length;
            }
        }

        return count;
    }

    // Where the data ends is not known: a block of zeros is found sooner than it is hashed.
    private static int HashBlocks(ReadOnlySpan<byte> data, Span<Hash256> leaves)
    {
        var count = 0;
        while (!data.IsEmpty)
        {
            var length = BlockRun.Measure(data, out var isZero);
            if (!isZero)
            {
                count += HashTree.HashBlocks(data[..length], leaves[count..]);
            }
            else
            {
                for (var begin = 0; begin < length; begin += PieceLength.Block)
                {
                    leaves[count++] = ZeroHashes.Block(Math.Min(PieceLength.Block, length - begin));
                }
            }

            data = data[length..];
        }

        return count;
    }
}
