namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Turns of downloads of small contents that have to be fetched in the ordinary way after all: hundreds may have to at once, and each takes a connection's
/// channel and a part file. Safe for concurrent use.
/// </summary>
internal sealed class OrdinaryTurns
{
    private const int AtOnce = 16;

    private SemaphoreSlim Free { get; } = new(AtOnce);

    /// <returns>To be disposed at the end of the turn.</returns>
    public async Task<IDisposable> WaitAsync(CancellationToken cancellationToken)
    {
        await Free.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(Free);
    }

    private sealed class Turn(SemaphoreSlim free) : IDisposable
    {
        public void Dispose() => free.Release();
    }
}
