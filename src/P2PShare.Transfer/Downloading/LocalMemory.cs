namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Bounds the memory of the pieces that are hashed or made from local bytes, over all downloads of a peer server. Each piece waits for its turn, the
/// first first. Safe for concurrent use.
/// </summary>
/// <param name="limit">In bytes. A piece that is longer has its turn when there is no other.</param>
internal sealed class LocalMemory(long limit)
{
    private readonly Lock _lock = new();
    private readonly Queue<Turn> _waiting = new();
    private long _reserved;

    /// <summary>Waits until there are so many bytes, and reserves them.</summary>
    /// <returns>To be disposed when they are not needed any more.</returns>
    public async Task<IDisposable> ReserveAsync(int bytes, CancellationToken cancellationToken)
    {
        var turn = new Turn(this, Math.Min(bytes, limit));
        lock (_lock)
        {
            _waiting.Enqueue(turn);
        }

        BeginTurns();
        await using (cancellationToken.Register(() => turn.Cancel(cancellationToken)).ConfigureAwait(false))
        {
            await turn.Begun.ConfigureAwait(false);
        }

        return turn;
    }

    private void BeginTurns()
    {
        lock (_lock)
        {
            while (_waiting.TryPeek(out var next) && (next.Begun.IsCompleted || _reserved + next.Bytes <= limit))
            {
                _waiting.Dequeue();
                _reserved += next.TryBegin() ? next.Bytes : 0;
            }
        }
    }

    private void Release(long bytes)
    {
        lock (_lock)
        {
            _reserved -= bytes;
        }

        BeginTurns();
    }

    private sealed class Turn(LocalMemory memory, long bytes) : IDisposable
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Bytes => bytes;

        public Task Begun => _begun.Task;

        public bool TryBegin() => _begun.TrySetResult();

        public void Cancel(CancellationToken cancellationToken)
        {
            // Others may have waited for it.
            if (_begun.TrySetCanceled(cancellationToken))
            {
                memory.BeginTurns();
            }
        }

        public void Dispose() => memory.Release(bytes);
    }
}
