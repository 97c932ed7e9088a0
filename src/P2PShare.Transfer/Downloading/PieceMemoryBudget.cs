namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Bounds the memory of active pieces over all downloads of a peer server. What a download needs to continue at all it
/// reserves in any case. Safe for concurrent use.
/// </summary>
/// <param name="limit">In bytes.</param>
internal sealed class PieceMemoryBudget(long limit)
{
    private long _reserved;

    /// <summary>Reserves bytes unless that would exceed the limit.</summary>
    /// <returns>Whether they were reserved.</returns>
    public bool TryReserve(int bytes)
    {
        if (Interlocked.Add(ref _reserved, bytes) <= limit)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    /// <summary>Reserves bytes even if that exceeds the limit.</summary>
    public void Reserve(int bytes) => Interlocked.Add(ref _reserved, bytes);

    public void Release(int bytes) => Interlocked.Add(ref _reserved, -bytes);
}
