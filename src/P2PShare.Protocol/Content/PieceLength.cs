using System.Numerics;

namespace P2PShare.Protocol.Content;

/// <summary>The division of a content: 16 KiB blocks, and pieces of a power of two of them (BEP 52).</summary>
public static class PieceLength
{
    /// <summary>Bytes in a block, the leaf of the hash tree (BEP 52).</summary>
    public const int Block = 16 * 1024;

    /// <summary>Smallest piece that is chosen; smaller pieces add messages and spread the load no better.</summary>
    public const int Min = 64 * 1024;

    /// <summary>Greatest piece in bytes: what a peer must fetch before it can serve any of it.</summary>
    public const int Max = 16 * 1024 * 1024;

    /// <summary>Greatest content in bytes (16 TiB): bounds the piece layer at 32 MiB.</summary>
    public const long MaxContentSize = (long)Max << 20;

    // A few hundred pieces bring a swarm within 5 % of its optimum; more only adds messages.
    private const int WantedPieces = 1024;

    /// <summary>The piece length for a content of <paramref name="size"/> bytes.</summary>
    public static int For(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var length = Min;
        while (length < Max && size > (long)length * WantedPieces)
        {
            length *= 2;
        }

        return length;
    }

    /// <summary>Whether <paramref name="length"/> is a power of two from one block to <see cref="Max"/>.</summary>
    public static bool IsValid(int length) => length is >= Block and <= Max && BitOperations.IsPow2(length);

    /// <summary>Number of pieces of a content.</summary>
    public static int Count(long size, int pieceLength) => checked((int)((size + pieceLength - 1) / pieceLength));

    /// <summary>Bytes in piece <paramref name="index"/>: the last one may be shorter.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The content has no such piece.</exception>
    public static int SizeOf(long size, int pieceLength, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var begin = (long)index * pieceLength;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(begin, size, nameof(index));
        return (int)Math.Min(pieceLength, size - begin);
    }
}
