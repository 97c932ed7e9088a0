using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// A few pieces whose trees are walked while the download begins, to find out whether walking the others pays. A piece layer shows pieces that are all
/// zeros; of a sparse image with extents of 64 KiB and pieces of 16 MiB hardly one is. A flag from the source would cost
/// less, but each peer would have to store it for each share and each file that it received, and it says nothing about how many zeros there are. Nothing
/// waits for the samples, and they are less than 1 % of the content: they cost only that the source hashes those pieces. Safe for concurrent use.
/// </summary>
internal sealed class ZeroSamples
{
    private const int Count = 4;
    private const int MinPieces = 512;

    // Of the blocks of the samples, one in this number has to be zeros: below that the walks save less than they may delay.
    private const int MinShare = 32;

    private readonly Lock _lock = new();
    private readonly HashSet<int> _left;
    private int _blocks;
    private int _zeros;

    private ZeroSamples(int[] pieces) => (Pieces, _left) = (pieces, [.. pieces]);

    public IReadOnlyList<int> Pieces { get; }

    /// <param name="pieces">Those that are to be fetched.</param>
    /// <returns>Null if they are too few for samples to cost nothing.</returns>
    public static ZeroSamples? TryChoose(ContentDescription content, int[] pieces, Random random) =>
        pieces.Length < MinPieces || content.PieceLength < PieceLength.Min
            ? null
            : new ZeroSamples([.. Enumerable.Range(0, Count).Select(_ => pieces[random.Next(pieces.Length)]).Distinct()]);

    /// <summary>Takes a walk that has ended, if it is one of the samples.</summary>
    /// <param name="hasZeros">True for the last of them if all pieces that are left have to be walked.</param>
    /// <returns>False if it is not.</returns>
    public bool TryTake(TreeWalk walk, out bool hasZeros)
    {
        lock (_lock)
        {
            hasZeros = false;
            if (!_left.Remove(walk.Piece))
            {
                return false;
            }

            if (walk.IsComplete)
            {
                _blocks += walk.Leaves.Length;
                _zeros += walk.Leaves.Count(LeafSource.Zero);
            }

            // Not before all have ended: a piece is walked once at a time.
            hasZeros = _left.Count == 0 && _zeros * MinShare > _blocks;
            return true;
        }
    }
}
