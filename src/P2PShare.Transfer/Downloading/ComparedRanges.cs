namespace P2PShare.Transfer.Downloading;

/// <summary>The ranges of pieces that are not of one kind. Of more than can be kept, those of the first pieces stay. Not safe for concurrent use.</summary>
/// <param name="max">Most ranges that are kept; 0: none.</param>
internal sealed class ComparedRanges(int max)
{
    private readonly Dictionary<int, IReadOnlyList<ComparedRange>> _ranges = [];
    private readonly SortedSet<int> _pieces = [];
    private int _count;

    /// <summary>The first piece whose ranges were not kept.</summary>
    public int FirstLost { get; private set; } = int.MaxValue;

    public void Add(int piece, IReadOnlyList<ComparedRange> ranges)
    {
        if (piece >= FirstLost)
        {
            return;
        }

        _ranges[piece] = ranges;
        _pieces.Add(piece);
        _count += ranges.Count;
        while (_count > max)
        {
            FirstLost = _pieces.Max;
            _pieces.Remove(FirstLost);
            _ranges.Remove(FirstLost, out var lost);
            _count -= lost!.Count;
        }
    }

    /// <returns>Null if they were not kept, or there are none.</returns>
    public IReadOnlyList<ComparedRange>? Find(int piece) => _ranges.GetValueOrDefault(piece);
}
