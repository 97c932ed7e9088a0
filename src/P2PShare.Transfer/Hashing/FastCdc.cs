using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Hashing;

/// <summary>
/// Cuts bytes into chunks whose ends depend on the bytes around them and not on their offset: after an insertion all but a few chunks
/// are as before. This is FastCDC (Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication",
/// USENIX ATC 2016) with a gear hash, normalised chunking of level 2, and no cut below the least length. All its numbers are part of the
/// protocol: peers that cut differently find nothing equal.
/// </summary>
internal static class FastCdc
{
    // Before the mean a cut is four times as rare as the mean asks for, behind it four times as frequent: 14 bits give 16 KiB. The bits are
    // spread as in the paper, so that a cut depends on the last 48 bytes.
    private const ulong MaskBeforeMean = 0x0000_D903_0353_7000;
    private const ulong MaskBehindMean = 0x0000_D901_0353_0000;

    /// <summary>The random numbers of the gear hash: for each byte the first 8 bytes, big-endian, of the SHA-256 of <c>p2pshare gear N</c>.</summary>
    private static readonly ulong[] Gear = [.. Enumerable.Range(0, 256).Select(value => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes($"p2pshare gear {value}"))))];

    /// <summary>Finds the end of the chunk that begins with the first byte.</summary>
    /// <param name="data">What follows the chunk before: as much as there is, or at least <see cref="ChunkLength.Max"/> bytes.</param>
    /// <returns>The chunk's length: all of <paramref name="data"/> if no cut is in it.</returns>
    public static int Cut(ReadOnlySpan<byte> data)
    {
        var end = Math.Min(data.Length, ChunkLength.Max);
        if (end <= ChunkLength.Min)
        {
            return end;
        }

        var gear = Gear;
        var mean = Math.Min(ChunkLength.Mean, end);
        var hash = 0UL;
        var at = ChunkLength.Min;
        for (; at < mean; at++)
        {
            hash = (hash << 1) + gear[data[at]];
            if ((hash & MaskBeforeMean) == 0)
            {
                return at;
            }
        }

        for (; at < end; at++)
        {
            hash = (hash << 1) + gear[data[at]];
            if ((hash & MaskBehindMean) == 0)
            {
                return at;
            }
        }

        return end;
    }
}
