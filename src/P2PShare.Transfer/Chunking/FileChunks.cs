using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Chunking;

/// <summary>Cuts a file into its chunks, as <see cref="FastCdc"/> does, and hashes them on all cores.</summary>
internal static class FileChunks
{
    // Where a file is cut depends on what is before, so that one thread cuts it; hashing takes longer, and is shared out. Of a stretch this long
    // each of many cores has several chunks.
    private const int StretchLength = 4 * 1024 * 1024;

    // What one thread hashes at a time: less is not worth a task.
    private const int ShareLength = 256 * 1024;

    /// <summary>Reads a part of a file once.</summary>
    /// <param name="from">Offset of the first byte that is read. If it is not 0, the first chunks may be none of the file's: it is cut as if it began there.</param>
    /// <param name="end">Offset behind the last byte that is read.</param>
    /// <param name="take">Takes the chunks of a stretch, in order. Returns false if no more are needed.</param>
    /// <exception cref="EndOfStreamException">The file is shorter.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="TimeoutException">Its disk does not answer.</exception>
    public static void Read(
        SafeFileHandle handle, string disk, long from, long end, Func<IReadOnlyList<FileChunk>, bool> take, TimeProvider clock, CancellationToken cancellationToken)
    {
        var length = (int)Math.Min(end - from, StretchLength);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var chunks = new List<FileChunk>();
        var isGivenUp = false;
        try
        {
            // The buffer's first bytes are those of the file from `begin` on.
            var (begin, kept) = (from, 0);
            while (begin < end)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var (at, count) = (begin + kept, (int)Math.Min(length - kept, end - begin - kept));
                isGivenUp = true;
                DiskCalls.Run(disk, DiskCalls.ReadLimit, clock, () => Fill(handle, buffer.AsMemory(kept, count), at));
                isGivenUp = false;
                var filled = kept + count;
                var cut = Cut(buffer.AsSpan(0, filled), begin, isLast: begin + filled == end, chunks);
                Hash(buffer, begin, chunks);
                if (!take(chunks))
                {
                    return;
                }

                buffer.AsSpan(cut, filled - cut).CopyTo(buffer);
                (begin, kept) = (begin + cut, filled - cut);
                chunks.Clear();
            }
        }
        finally
        {
            // A read that was given up may still write to it.
            if (!isGivenUp)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>The first 16 bytes of the SHA-256 of some bytes, as a big-endian number.</summary>
    public static UInt128 HashOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Hash256.Size];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private static bool Fill(SafeFileHandle handle, Memory<byte> buffer, long offset)
    {
        SafeFile.ReadExactly(handle, buffer.Span, offset);
        return true;
    }

    // Returns the end of the last whole chunk. The hashes come later.
    private static int Cut(ReadOnlySpan<byte> data, long begin, bool isLast, List<FileChunk> chunks)
    {
        var at = 0;
        while (at < data.Length && (isLast || data.Length - at >= ChunkLength.Max))
        {
            var length = FastCdc.Cut(data[at..]);
            chunks.Add(new FileChunk(begin + at, length, default));
            at += length;
        }

        return at;
    }

    private static void Hash(byte[] buffer, long begin, List<FileChunk> chunks)
    {
        var perShare = Math.Max(1, ShareLength / ChunkLength.Mean);
        var shares = (chunks.Count + perShare - 1) / perShare;
        if (shares <= 1)
        {
            HashShare(0);
        }
        else
        {
            Parallel.For(0, shares, HashShare);
        }

        void HashShare(int share)
        {
            for (var i = share * perShare; i < Math.Min(chunks.Count, (share + 1) * perShare); i++)
            {
                var chunk = chunks[i];
                chunks[i] = chunk with { Hash = HashOf(buffer.AsSpan((int)(chunk.Offset - begin), chunk.Length)) };
            }
        }
    }
}
