namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Bounds the memory of pieces on their way, of all downloads of a peer server together. What a download needs to go on at
/// all it takes in any case. Safe for concurrent use.
/// </summary>
/// <param name="limit">In bytes.</param>
internal sealed class PieceMemoryBudget(long limit)
{
    private long _taken;

    /// <returns>False where that would be more than the limit.</returns>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= limit)
        {
            return true;
        }

        GiveBack(bytes);
        return false;
    }

    /// <summary>Takes, whatever the limit is.</summary>
    public void Take(int bytes) => Interlocked.Add(ref _taken, bytes);

    public void GiveBack(int bytes) => Interlocked.Add(ref _taken, -bytes);
}
