namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Decides which pieces' trees are walked. A walk costs the source a read of the whole piece: beside a fast line that is no longer little, if there is nothing
/// to find. After several walks in a row that found next to nothing only some pieces are walked, until one of them has something
/// again: what has changed in a file, and what is zeros, lies together. A file that is replaced, of which many pieces spread over it were hashed and
/// walked and had nothing, is not read to its end. Safe for concurrent use.
/// </summary>
/// <param name="isClaimed">Whether a chunk map says that there is something of each piece: then only a walk that found nothing at all is poor.</param>
internal sealed class WalkPolicy(bool isClaimed = false)
{
    /// <summary>Poor walks in a row, after which one piece in <see cref="Every"/> is walked.</summary>
    internal const int Enough = 16;

    internal const int Every = 8;

    /// <summary>A walk that found less than one block in this number was poor.</summary>
    internal const int MinShare = 32;

    /// <summary>Pieces of the old file that are hashed in any case. Of as many, one has something with a probability of 96 % if a twentieth of all have.</summary>
    internal const int Samples = 64;

    private int _poor;
    private int _turn;
    private int _differing;
    private volatile bool _isUseful;

    /// <summary>An order in which pieces are hashed: some that are spread over all of them, then the others.</summary>
    public static IEnumerable<int> SamplesFirst(int[] pieces)
    {
        var step = pieces.Length / Samples;
        return step <= 1 ? pieces
            : pieces.Where((_, index) => index % step == 0).Concat(pieces.Where((_, index) => index % step != 0));
    }

    /// <summary>Whether the next piece is walked; else it is fetched whole.</summary>
    public bool ShouldWalk() => Volatile.Read(ref _poor) < Enough || Interlocked.Increment(ref _turn) % Every == 0;

    /// <summary>Whether the old file's bytes of the next piece are hashed; else there is next to nothing in it.</summary>
    public bool ShouldHash() => _isUseful || Volatile.Read(ref _differing) < Samples || Volatile.Read(ref _poor) < Enough;

    /// <summary>Counts a piece of the old file that was hashed.</summary>
    /// <param name="isEqual">Whether it is the content's.</param>
    public void CountHashed(bool isEqual)
    {
        if (isEqual)
        {
            _isUseful = true;
        }
        else
        {
            Interlocked.Increment(ref _differing);
        }
    }

    /// <summary>Counts a walk that is complete.</summary>
    public void Count(TreeWalk walk)
    {
        var found = walk.Leaves.Length - walk.Leaves.Count(LeafSource.Peer);
        if (walk.Leaves.Contains(LeafSource.OldFile))
        {
            _isUseful = true;
        }

        var isPoor = isClaimed ? found == 0 : found * MinShare < walk.Leaves.Length;
        Volatile.Write(ref _poor, isPoor ? _poor + 1 : 0);
    }
}
