namespace P2PShare.TrackerHost.Http;

/// <summary>Lets a few in at once; the others wait in a <see cref="FairQueue{T}"/>. Safe for concurrent use.</summary>
/// <param name="atOnce">How many are inside at once.</param>
/// <param name="capacity">How many can wait.</param>
/// <param name="capacityOfKey">How many of one key can wait.</param>
internal sealed class FairGate(int atOnce, int capacity, int capacityOfKey)
{
    private readonly Lock _lock = new();
    private readonly FairQueue<TaskCompletionSource<Turn?>> _waiting = new(capacity, capacityOfKey);
    private int _inside;

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    public int Inside
    {
        get
        {
            lock (_lock)
            {
                return _inside;
            }
        }
    }

    /// <returns>To be disposed at the end of the turn; null if too many wait already, or if one of a key with fewer came when all places were taken.</returns>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>, before its turn came.</exception>
    public async Task<Turn?> EnterAsync(string key, bool isPreferred, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var turn = new TaskCompletionSource<Turn?>(TaskCreationOptions.RunContinuationsAsynchronously);
        FairQueue<TaskCompletionSource<Turn?>>.Place? place;
        FairQueue<TaskCompletionSource<Turn?>>.Place? displaced;
        lock (_lock)
        {
            if (_inside < atOnce)
            {
                _inside++;
                return new Turn(this);
            }

            place = _waiting.TryEnqueue(key, isPreferred, turn, out displaced);
        }

        displaced?.Item.TrySetResult(null);
        if (place is null)
        {
            return null;
        }

        await using var registration = cancellationToken.UnsafeRegister(
            _ =>
            {
                lock (_lock)
                {
                    _waiting.Remove(place);
                }

                turn.TrySetCanceled(cancellationToken);
            },
            null);
        return await turn.Task;
    }

    private void Release()
    {
        lock (_lock)
        {
            while (_waiting.TryDequeue(out var next))
            {
                // The place inside goes on to it, unless it was canceled in this moment.
                if (next.TrySetResult(new Turn(this)))
                {
                    return;
                }
            }

            _inside--;
        }
    }

    /// <summary>A place inside.</summary>
    internal sealed class Turn(FairGate gate) : IDisposable
    {
        private int _isOver;

        /// <summary>Gives the place to the next one; once.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                gate.Release();
            }
        }
    }
}
