namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Decides which pieces' trees are walked. A walk costs the source a read of the whole piece: beside a fast line that is no longer little, if there is nothing
/// to find. After several walks in a row that found next to nothing only some pieces are walked, until one of them has something
/// again: what has changed in a file, and what is zeros, lies together. Safe for concurrent use.
/// </summary>
internal sealed class WalkPolicy
{
    /// <summary>Poor walks in a row, after which one piece in <see cref="Every"/> is walked.</summary>
    internal const int Enough = 16;

    internal const int Every = 8;

    /// <summary>A walk that found less than one block in this number was poor.</summary>
    internal const int MinShare = 32;

    private int _poor;
    private int _turn;

    /// <summary>Whether the next piece is walked; else it is fetched whole.</summary>
    public bool ShouldWalk() => Volatile.Read(ref _poor) < Enough || Interlocked.Increment(ref _turn) % Every == 0;

    /// <summary>Counts a walk that is complete.</summary>
    public void Count(TreeWalk walk)
    {
        var found = walk.Leaves.Length - walk.Leaves.Count(LeafSource.Peer);
        Volatile.Write(ref _poor, found * MinShare >= walk.Leaves.Length ? 0 : _poor + 1);
    }
}
