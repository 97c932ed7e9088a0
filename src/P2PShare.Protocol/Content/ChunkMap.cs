using System.Buffers.Binary;

namespace P2PShare.Protocol.Content;

/// <summary>
/// The content-defined chunks of a content, in order: the length of each, and the first 16 bytes of its SHA-256. It is a hint of an
/// untrusted party about which bytes a receiver may have already: that the chunks are those of the content is not known before the
/// bytes were checked against the pieces root.
/// </summary>
/// <remarks>
/// Encoded, all integers big-endian: <c>P2PCHNK1</c>; size of the content, 8 bytes; pieces root, 32 bytes; number of chunks, 4 bytes; then for
/// each chunk its length less one, 2 bytes, and 16 bytes of its hash. Kept as encoded: 18 bytes a chunk.
/// </remarks>
public sealed class ChunkMap
{
    /// <summary>Bytes before the first chunk.</summary>
    public const int HeaderLength = 52;

    /// <summary>Bytes of a chunk.</summary>
    public const int EntryLength = 2 + HashLength;

    /// <summary>Bytes that are kept of a chunk's SHA-256.</summary>
    public const int HashLength = 16;

    /// <summary>Greatest map in bytes: of contents that would need a longer one (of about 64 GiB and more) none is made.</summary>
    public const int MaxLength = 64 * 1024 * 1024;

    private const int SizeAt = 8;
    private const int RootAt = 16;
    private const int CountAt = 48;

    private readonly byte[] _bytes;

    private ChunkMap(byte[] bytes, int count) => (_bytes, Count) = (bytes, count);

    private static ReadOnlySpan<byte> Magic => "P2PCHNK1"u8;

    /// <summary>Number of chunks.</summary>
    public int Count { get; }

    /// <summary>Of the content, in bytes.</summary>
    public long Size => BinaryPrimitives.ReadInt64BigEndian(_bytes.AsSpan(SizeAt));

    /// <summary>Of the content.</summary>
    public Hash256 PiecesRoot => new(_bytes.AsSpan(RootAt, Hash256.Size));

    /// <summary>As it is stored and sent.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Bytes in a chunk: 1 to <see cref="ChunkLength.Max"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public int LengthOf(int index) => BinaryPrimitives.ReadUInt16BigEndian(Entry(index)) + 1;

    /// <summary>The first 16 bytes of a chunk's SHA-256, as a big-endian number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public UInt128 HashOf(int index) => BinaryPrimitives.ReadUInt128BigEndian(Entry(index)[2..]);

    /// <summary>Whether a map of a content can have a length.</summary>
    /// <param name="length">Bytes of the map.</param>
    /// <param name="size">Bytes of the content.</param>
    public static bool CanHaveLength(long length, long size)
    {
        var count = (length - HeaderLength) / EntryLength;
        return length is > HeaderLength and <= MaxLength && (length - HeaderLength) % EntryLength == 0
            && count >= (size + ChunkLength.Max - 1) / ChunkLength.Max && count <= (size + ChunkLength.Min - 1) / ChunkLength.Min;
    }

    /// <summary>Reads a map, and checks that chunks of these lengths make up the content.</summary>
    /// <param name="bytes">Kept by the map: the caller does not change them any more.</param>
    /// <param name="content">What it has to be a map of; not empty.</param>
    /// <exception cref="FormatException">It is not a map, or not of this content.</exception>
    public static ChunkMap Decode(byte[] bytes, ContentDescription content)
    {
        if (!CanHaveLength(bytes.Length, content.Size))
        {
            throw new FormatException($"A chunk map of {content.Size} bytes cannot have {bytes.Length} bytes.");
        }

        var map = new ChunkMap(bytes, (bytes.Length - HeaderLength) / EntryLength);
        if (!bytes.AsSpan(0, SizeAt).SequenceEqual(Magic) || BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(CountAt)) != map.Count)
        {
            throw new FormatException("These bytes do not begin as a chunk map of their length does.");
        }

        if (map.Size != content.Size || map.PiecesRoot != content.PiecesRoot)
        {
            throw new FormatException($"The chunk map is one of content {map.PiecesRoot}; one of {content.PiecesRoot} with {content.Size} bytes was expected.");
        }

        map.CheckLengths();
        return map;
    }

    /// <summary>Writes what stands before the chunks.</summary>
    internal static void WriteHeader(Span<byte> header, ContentDescription content, int count)
    {
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt64BigEndian(header[SizeAt..], content.Size);
        content.PiecesRoot!.Value.CopyTo(header[RootAt..]);
        BinaryPrimitives.WriteInt32BigEndian(header[CountAt..], count);
    }

    private void CheckLengths()
    {
        var left = Size;
        for (var index = 0; index < Count; index++)
        {
            var length = LengthOf(index);
            left -= length;
            if (left < 0 || (length < ChunkLength.Min && index < Count - 1))
            {
                throw new FormatException($"Chunk {index} of {Count} has {length} bytes, which no chunk there can have.");
            }
        }

        if (left != 0)
        {
            throw new FormatException($"The chunks of a map end {left} bytes before the content does.");
        }
    }

    private ReadOnlySpan<byte> Entry(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _bytes.AsSpan(HeaderLength + index * EntryLength, EntryLength);
    }
}
