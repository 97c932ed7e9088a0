using System.Buffers;
using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Downloading;

/// <summary>The pieces of a content that is compared with local files: nothing is fetched or written, all is counted. Safe for concurrent use.</summary>
/// <param name="path">Full path of the local file.</param>
/// <param name="local">The local file; null if there is none, or its bytes are known to be the content's.</param>
/// <param name="localLayer">Its piece layer, if it is as long as the content and was hashed; else empty.</param>
/// <param name="maxRanges">Most ranges that are kept; 0: none.</param>
internal sealed class ComparedPieces(
    ContentDescription content, string path, ComparedFile? local, IReadOnlyList<Hash256> localLayer, int maxRanges) : IReuseTarget
{
    // Bytes that are read at a time, to find out whether they are at the same offset as well.
    private const int ReadLength = 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly State[] _states = new State[content.PieceCount];
    private readonly ComparedRanges _ranges = new(maxRanges);
    private readonly long[] _bytes = new long[Enum.GetValues<ComparedKind>().Length];
    private readonly ConcurrentBag<Task> _counting = [];
    private readonly ZeroTrees _zeros = new(content);
    private IReadOnlyList<Hash256> _layer = content.PieceCount == 1 ? [content.PiecesRoot!.Value] : [];
    private long _bytesDecided;

    private enum State : byte
    {
        Unknown,
        Held,
        Zero,
        Equal,
        Counted,
    }

    /// <summary>Bytes of the pieces about which all is known.</summary>
    public long BytesDecided => Interlocked.Read(ref _bytesDecided);

    /// <summary>Takes the hashes of the pieces, by which some are known already. Not needed for a content of one piece.</summary>
    /// <param name="layer">Checked against the pieces root.</param>
    public void SetLayer(IReadOnlyList<Hash256> layer) => _layer = layer;

    /// <summary>Counts the pieces that their hashes tell all about: zeros, and those that are the local file's.</summary>
    public void CountKnown()
    {
        for (var piece = 0; piece < content.PieceCount; piece++)
        {
            if (HashOf(piece) == _zeros.Of(piece).Root)
            {
                Count(piece, State.Zero);
            }
            else if (localLayer.Count == content.PieceCount && localLayer[piece] == HashOf(piece))
            {
                Count(piece, State.Equal);
            }
        }
    }

    public bool Has(int piece)
    {
        lock (_lock)
        {
            return _states[piece] > State.Held;
        }
    }

    public Hash256 HashOf(int piece) => _layer[piece];

    public int[] Hold(int[] pieces)
    {
        lock (_lock)
        {
            var held = Array.FindAll(pieces, piece => _states[piece] == State.Unknown);
            Array.ForEach(held, piece => _states[piece] = State.Held);
            return held;
        }
    }

    public void Release(int piece, PiecePlan? plan)
    {
        if (plan is not null)
        {
            // Not on this thread, which may be one that reads from a connection.
            _counting.Add(Task.Run(() => Fill(plan), CancellationToken.None));
            return;
        }

        lock (_lock)
        {
            _states[piece] = _states[piece] == State.Held ? State.Unknown : _states[piece];
        }
    }

    public void Take(int piece, ReadOnlySpan<byte> bytes, IReusedBytes from)
    {
        var ranges = new List<ComparedRange>();
        AddReused((long)piece * content.PieceLength, bytes, from, ranges);
        Count(piece, ranges);
    }

    /// <summary>Takes a piece that this side has for sure; it reads as much of it as it needs.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void Take(int piece, IReusedBytes from)
    {
        var ranges = new List<ComparedRange>();
        AddReused((long)piece * content.PieceLength, content.PieceSize(piece), from, ranges);
        Count(piece, ranges);
    }

    public void Fill(PiecePlan plan)
    {
        try
        {
            Count(plan.Piece, Find(plan));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // As a download would fetch it. If it was the compared file, its check reports it.
            Release(plan.Piece, plan: null);
        }
    }

    public void Send()
    {
        // Nothing is requested.
    }

    /// <summary>Waits until all that was decided is counted.</summary>
    public Task WaitAsync() => Task.WhenAll(_counting);

    /// <summary>The numbers, once nothing changes any more: pieces that nothing is known about have to be fetched.</summary>
    public ContentComparison GetResult()
    {
        lock (_lock)
        {
            var fetched = content.Size - _bytesDecided + _bytes[(int)ComparedKind.ToFetch];
            var ranges = new List<ComparedRange>();
            var isCut = maxRanges > 0 && !TryGetRanges(ranges);
            return new ContentComparison(_bytes[(int)ComparedKind.Equal], _bytes[(int)ComparedKind.Moved], _bytes[(int)ComparedKind.Zero], fetched)
            {
                Ranges = ranges,
                IsCut = isCut,
            };
        }
    }

    private List<ComparedRange> Find(PiecePlan plan)
    {
        var ranges = new List<ComparedRange>();
        var begin = (long)plan.Piece * content.PieceLength;
        foreach (var run in plan.GetRuns())
        {
            if (run.From != LeafSource.OldFile)
            {
                Add(ranges, new ComparedRange(begin + run.Begin, run.Length, run.From == LeafSource.Zero ? ComparedKind.Zero : ComparedKind.ToFetch));
                continue;
            }

            AddReused(begin + run.Begin, run.Length, plan.Old!, ranges);
        }

        return ranges;
    }

    private void AddReused(long offset, int length, IReusedBytes from, List<ComparedRange> ranges)
    {
        var located = from.Locate(offset, length).Select(ToRange).ToList();
        if (located.TrueForAll(range => range.Kind == ComparedKind.Equal))
        {
            located.ForEach(range => Add(ranges, range));
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(ReadLength, length));
        try
        {
            for (var done = 0; done < length; done += ReadLength)
            {
                var bytes = buffer.AsSpan(0, Math.Min(ReadLength, length - done));
                from.Read(offset + done, bytes);
                AddReused(offset + done, bytes, from, ranges);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // What was found elsewhere may be at the same offset as well: of equal chunks a map finds one.
    private void AddReused(long offset, ReadOnlySpan<byte> bytes, IReusedBytes from, List<ComparedRange> ranges)
    {
        var block = ArrayPool<byte>.Shared.Rent(PieceLength.Block);
        try
        {
            while (!bytes.IsEmpty)
            {
                var length = Math.Min(PieceLength.Block, bytes.Length);
                var located = from.Locate(offset, length).Select(ToRange).ToList();
                if (located.Exists(range => range.Kind == ComparedKind.Moved) && IsLocal(offset, bytes[..length], block))
                {
                    located = [new ComparedRange(offset, length, ComparedKind.Equal, path, offset)];
                }

                located.ForEach(range => Add(ranges, range));
                bytes = bytes[length..];
                offset += length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private bool IsLocal(long offset, ReadOnlySpan<byte> bytes, byte[] buffer)
    {
        if (local?.Has(offset, bytes.Length) != true)
        {
            return false;
        }

        var there = buffer.AsSpan(0, bytes.Length);
        local.Read(offset, there);
        return there.SequenceEqual(bytes);
    }

    private ComparedRange ToRange(ReusedRange range) => new(
        range.Offset, range.Length, range.Path is null ? ComparedKind.Zero : range.Path == path && range.FileOffset == range.Offset ? ComparedKind.Equal : ComparedKind.Moved, range.Path, range.FileOffset);

    private static void Add(List<ComparedRange> ranges, ComparedRange range)
    {
        if (ranges.Count > 0 && ranges[^1].IsContinuedBy(range))
        {
            ranges[^1] = ranges[^1] with { Length = ranges[^1].Length + range.Length };
        }
        else
        {
            ranges.Add(range);
        }
    }

    private void Count(int piece, State state)
    {
        lock (_lock)
        {
            _states[piece] = state;
            _bytes[(int)(state == State.Zero ? ComparedKind.Zero : ComparedKind.Equal)] += content.PieceSize(piece);
            _bytesDecided += content.PieceSize(piece);
        }
    }

    private void Count(int piece, List<ComparedRange> ranges)
    {
        lock (_lock)
        {
            _states[piece] = State.Counted;
            ranges.ForEach(range => _bytes[(int)range.Kind] += range.Length);
            _bytesDecided += content.PieceSize(piece);
            if (maxRanges > 0)
            {
                _ranges.Add(piece, ranges);
            }
        }
    }

    // False if there are more.
    private bool TryGetRanges(List<ComparedRange> all)
    {
        for (var piece = 0; piece < content.PieceCount; piece++)
        {
            if (piece == _ranges.FirstLost)
            {
                return false;
            }

            var (offset, length) = ((long)piece * content.PieceLength, content.PieceSize(piece));
            IReadOnlyList<ComparedRange> ranges = _states[piece] switch
            {
                State.Counted => _ranges.Find(piece)!,
                State.Zero => [new ComparedRange(offset, length, ComparedKind.Zero)],
                State.Equal => [new ComparedRange(offset, length, ComparedKind.Equal, path, offset)],
                _ => [new ComparedRange(offset, length, ComparedKind.ToFetch)],
            };
            foreach (var range in ranges)
            {
                Add(all, range);
            }

            if (all.Count > maxRanges)
            {
                all.RemoveRange(maxRanges, all.Count - maxRanges);
                return false;
            }
        }

        return true;
    }
}
