using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace P2PShare.Bench.Delta;

/// <summary>
/// What of a new version is in chunks that the old one has nowhere. Cut as the peers' protocol describes it, by a reader of that page and not by the
/// engine that is measured.
/// </summary>
/// <param name="Missing">Bytes of these chunks; of equal ones each counts.</param>
/// <param name="MapLength">Bytes of the chunk maps of the new files.</param>
internal readonly record struct ChunkedBytes(long Missing, long MapLength)
{
    private const int Min = 4096;
    private const int Aim = 16384;
    private const int Max = 65536;
    private const ulong MaskBelowAim = 0x0000D90303537000;
    private const ulong MaskFromAim = 0x0000D90103530000;
    private const int HeaderLength = 52;
    private const int EntryLength = 18;
    private const int BufferLength = 64 * Max;

    private static readonly ulong[] Gear =
    [
        .. Enumerable.Range(0, 256).Select(n =>
            BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"p2pshare gear {n}"))))),
    ];

    public static ChunkedBytes operator +(ChunkedBytes left, ChunkedBytes right) => new(left.Missing + right.Missing, left.MapLength + right.MapLength);

    /// <summary>The chunks of a file, by the first half of their hashes.</summary>
    public static HashSet<UInt128> Read(string path, CancellationToken cancellationToken)
    {
        var chunks = new HashSet<UInt128>();
        Cut(path, (hash, _) => chunks.Add(hash), cancellationToken);
        return chunks;
    }

    public static ChunkedBytes Compare(HashSet<UInt128> old, string newPath, CancellationToken cancellationToken)
    {
        long missing = 0;
        long map = HeaderLength;
        Cut(
            newPath,
            (hash, length) =>
            {
                missing += old.Contains(hash) ? 0 : length;
                map += EntryLength;
            },
            cancellationToken);
        return new ChunkedBytes(missing, map);
    }

    private static void Cut(string path, Action<UInt128, int> take, CancellationToken cancellationToken)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var buffer = new byte[BufferLength];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        var kept = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = kept + file.ReadAtLeast(buffer.AsSpan(kept), BufferLength - kept, throwOnEndOfStream: false);
            var isEnd = length < BufferLength;
            var rest = buffer.AsSpan(0, length);
            // Where a chunk ends is known only if the longest one fits.
            while (rest.Length >= Max || (isEnd && !rest.IsEmpty))
            {
                var chunk = rest[..FindEnd(rest)];
                SHA256.HashData(chunk, hash);
                take(BinaryPrimitives.ReadUInt128BigEndian(hash), chunk.Length);
                rest = rest[chunk.Length..];
            }

            if (isEnd)
            {
                return;
            }

            kept = rest.Length;
            rest.CopyTo(buffer);
        }
    }

    private static int FindEnd(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 0;
        var end = Math.Min(bytes.Length, Max);
        for (var at = Min; at < end; at++)
        {
            hash = (hash << 1) + Gear[bytes[at]];
            if ((hash & (at < Aim ? MaskBelowAim : MaskFromAim)) == 0)
            {
                return at;
            }
        }

        return end;
    }
}
