using System.Buffers;
using System.Buffers.Binary;

namespace P2PShare.Protocol.Content;

/// <summary>Makes a <see cref="ChunkMap"/> of chunks that are added in order. Not safe for concurrent use.</summary>
public sealed class ChunkMapWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private int _count;

    public ChunkMapWriter()
    {
        _bytes.GetSpan(ChunkMap.HeaderLength)[..ChunkMap.HeaderLength].Clear();
        _bytes.Advance(ChunkMap.HeaderLength);
    }

    /// <summary>Adds the next chunk.</summary>
    /// <param name="length">Bytes: 1 to <see cref="ChunkLength.Max"/>.</param>
    /// <param name="hash">The first 16 bytes of its SHA-256, as a big-endian number.</param>
    /// <returns>False if the map would be longer than <see cref="ChunkMap.MaxLength"/>: nothing was added.</returns>
    public bool TryAdd(int length, UInt128 hash)
    {
        if (_bytes.WrittenCount + ChunkMap.EntryLength > ChunkMap.MaxLength)
        {
            return false;
        }

        var entry = _bytes.GetSpan(ChunkMap.EntryLength);
        BinaryPrimitives.WriteUInt16BigEndian(entry, checked((ushort)(length - 1)));
        BinaryPrimitives.WriteUInt128BigEndian(entry[2..], hash);
        _bytes.Advance(ChunkMap.EntryLength);
        _count++;
        return true;
    }

    /// <param name="content">What the chunks make up.</param>
    /// <exception cref="FormatException">They do not.</exception>
    public ChunkMap Finish(ContentDescription content)
    {
        var bytes = _bytes.WrittenSpan.ToArray();
        ChunkMap.WriteHeader(bytes, content, _count);
        return ChunkMap.Decode(bytes, content);
    }
}
