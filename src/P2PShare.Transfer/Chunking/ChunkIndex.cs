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

    // Of as many honest chunks as a map can have, the longest search takes about a hundred steps (Knuth, The Art of Computer Programming, 6.4, on
    // linear probing): a map that takes more was made to.
    private const int MaxSteps = 1024;

    // Chunks that are put into the table between two looks at whether anybody waits.
    private const int ChunksBetweenChecks = 4096;

    // Drawn for each index: the hashes are those that a stranger sent, who could make them meet in one place otherwise.
    private readonly ulong _a = Seed();
    private readonly ulong _b = Seed();
    private readonly ulong _c = Seed();
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

    private ChunkIndex(ChunkMap map)
    {
        _map = map;
        _table = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)map.Count * 2)];
        _equal = new int[map.Count];
        _file = new int[map.Count];
        _offset = new long[map.Count];
        Array.Fill(_table, None);
        Array.Fill(_file, None);
    }

    /// <summary>Steps that it took to find a place for each chunk of the map.</summary>
    public long Steps { get; private set; }

    /// <summary>Whether every chunk was found.</summary>
    public bool IsComplete => Volatile.Read(ref _missing) == 0;

    /// <summary>Makes the index of a map.</summary>
    /// <returns>Null if its chunks meet in one place, as those of no file do.</returns>
    /// <exception cref="OperationCanceledException"/>
    public static ChunkIndex? TryMake(ChunkMap map, CancellationToken cancellationToken)
    {
        var index = new ChunkIndex(map);
        return index.TryFill(cancellationToken) ? index : null;
    }

    /// <summary>Keeps where a chunk is, if the map wants it and it was not found yet.</summary>
    /// <param name="file">Number of the file, from 0.</param>
    /// <returns>Whether the map wants it.</returns>
    public bool Add(FileChunk chunk, int file)
    {
        var found = FindPlace(chunk.Length, chunk.Hash, out _) is var place and not None ? _table[place] : None;
        if (found == None || Volatile.Read(ref _file[found]) != None)
        {
            return found != None;
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

        return true;
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

    private bool TryFill(CancellationToken cancellationToken)
    {
        for (var chunk = 0; chunk < _map.Count; chunk++)
        {
            if (chunk % ChunksBetweenChecks == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            var place = FindPlace(_map.LengthOf(chunk), _map.HashOf(chunk), out var steps);
            Steps += steps;
            if (place == None)
            {
                return false;
            }

            _equal[chunk] = _table[place];
            _missing += _table[place] == None ? 1 : 0;
            _table[place] = chunk;
        }

        return true;
    }

    // Where an equal chunk is, or can be put; None if that takes too long.
    private int FindPlace(int length, UInt128 hash, out int steps)
    {
        var place = (int)Mix(Mix((ulong)hash ^ _a, (ulong)(hash >> 64) ^ _b) ^ (uint)length, _c | 1) & (_table.Length - 1);
        for (steps = 1; steps <= MaxSteps; steps++)
        {
            if (_table[place] is var there && (there == None || (_map.HashOf(there) == hash && _map.LengthOf(there) == length)))
            {
                return place;
            }

            place = (place + 1) & (_table.Length - 1);
        }

        return None;
    }

    // Every bit of the result depends on all of both, unlike those of the lower half of a product, as in wyhash (Wang Yi).
    private static ulong Mix(ulong x, ulong y) => Math.BigMul(x, y, out var low) ^ low;

    private static ulong Seed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
