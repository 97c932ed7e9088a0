using System.Security.Cryptography;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Chunking;

/// <summary>
/// Which chunks a map wants, and where the same bytes were found. It takes less than 64 bytes for each chunk of the map, the map
/// included, whatever local files have. Safe for concurrent use.
/// </summary>
internal sealed class ChunkIndex
{
    private const int None = -1;

    // Drawn for each index: the hashes are those that a stranger sent, who could make them meet in one place otherwise.
    private readonly ulong _a = Seed();
    private readonly ulong _b = Seed();
    private readonly ChunkMap _map;
    // Chunks that are unlike each other, by their hashes: open addressing, at most half full.
    private readonly int[] _table;
    // For each chunk, the one before it that is equal.
    private readonly int[] _equal;
    // Where it was found: a file, and an offset in it. Of equal chunks, the one in the table has it.
    private readonly int[] _file;
    private readonly long[] _offset;
    private readonly Lock _lock = new();
    private int _missing;

    public ChunkIndex(ChunkMap map)
    {
        _map = map;
        _table = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)map.Count * 2)];
        _equal = new int[map.Count];
        _file = new int[map.Count];
        _offset = new long[map.Count];
        Array.Fill(_table, None);
        Array.Fill(_file, None);
        for (var chunk = 0; chunk < map.Count; chunk++)
        {
            var place = FindPlace(map.LengthOf(chunk), map.HashOf(chunk));
            _equal[chunk] = _table[place];
            _missing += _table[place] == None ? 1 : 0;
            _table[place] = chunk;
        }
    }

    /// <summary>Whether every chunk was found.</summary>
    public bool IsComplete => Volatile.Read(ref _missing) == 0;

    /// <summary>Keeps where a chunk is, if the map wants it and it was not found yet.</summary>
    /// <param name="file">Number of the file, from 0.</param>
    public void Add(FileChunk chunk, int file)
    {
        var found = _table[FindPlace(chunk.Length, chunk.Hash)];
        if (found == None || Volatile.Read(ref _file[found]) != None)
        {
            return;
        }

        lock (_lock)
        {
            if (_file[found] == None)
            {
                _offset[found] = chunk.Offset;
                Volatile.Write(ref _file[found], file);
                Volatile.Write(ref _missing, _missing - 1);
            }
        }
    }

    /// <summary>The ranges of the content that were found, in order; chunks that follow each other in a file are one.</summary>
    public IReadOnlyList<LocalRange> GetRanges()
    {
        lock (_lock)
        {
            ShareAmongEqual();
            var ranges = new List<LocalRange>();
            var at = 0L;
            for (var chunk = 0; chunk < _map.Count; chunk++)
            {
                var length = _map.LengthOf(chunk);
                if (_file[chunk] is var file and not None)
                {
                    if (ranges.Count > 0 && ranges[^1] is var last && last.End == at && last.File == file && last.FileOffset + last.Length == _offset[chunk])
                    {
                        ranges[^1] = last with { Length = last.Length + length };
                    }
                    else
                    {
                        ranges.Add(new LocalRange(at, length, file, _offset[chunk]));
                    }
                }

                at += length;
            }

            return ranges;
        }
    }

    // The last of equal chunks is in the table; each knows the one before it.
    private void ShareAmongEqual()
    {
        for (var chunk = _map.Count - 1; chunk >= 0; chunk--)
        {
            if (_file[chunk] != None && _equal[chunk] is var before and not None)
            {
                (_file[before], _offset[before]) = (_file[chunk], _offset[chunk]);
            }
        }
    }

    // Where an equal chunk is, or can be put.
    private int FindPlace(int length, UInt128 hash)
    {
        var place = (int)(((((ulong)hash ^ _a) * (_b | 1)) ^ (((ulong)(hash >> 64) ^ _b) * (_a | 1))) >> 32) & (_table.Length - 1);
        while (_table[place] is var there and not None && (_map.HashOf(there) != hash || _map.LengthOf(there) != length))
        {
            place = (place + 1) & (_table.Length - 1);
        }

        return place;
    }

    private static ulong Seed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
