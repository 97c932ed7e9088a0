using System.Net;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Lets a bounded number of handshakes run at once. Addresses take turns, so that one that has many waiting delays no other. Safe for
/// concurrent use.
/// </summary>
/// <param name="getMaxPerAddress">Most that run at once for one address.</param>
internal sealed class HandshakeQueue(Func<int> getMaxPerAddress)
{
    /// <summary>Most that run at once.</summary>
    public const int MaxRunning = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Lane> _lanes = [];
    // Lanes in which handshakes wait; the first one is looked at next.
    private readonly LinkedList<Lane> _waiting = new();
    private int _running;

    /// <summary>Handshakes that wait for their turn.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_lock)
            {
                return _lanes.Values.Sum(lane => lane.Turns.Count);
            }
        }
    }

    /// <summary>Waits for a turn. <see cref="Exit"/> has to follow, unless this was cancelled.</summary>
    public async Task EnterAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Lane lane;
        lock (_lock)
        {
            if (!_lanes.TryGetValue(address, out lane!))
            {
                _lanes[address] = lane = new Lane(address);
            }

            lane.Turns.AddLast(turn);
            if (lane.Turns.Count == 1)
            {
                _waiting.AddLast(lane);
            }

            StartNext();
        }

        using var cancelling = cancellationToken.UnsafeRegister(_ => Cancel(lane, turn, cancellationToken), null);
        await turn.Task.ConfigureAwait(false);
    }

    /// <summary>Ends a handshake that had its turn.</summary>
    public void Exit(IPAddress address)
    {
        lock (_lock)
        {
            _running--;
            var lane = _lanes[address];
            lane.Running--;
            StartNext();
            RemoveIfUnused(lane);
        }
    }

    private void Cancel(Lane lane, TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // It has its turn already.
            if (!lane.Turns.Remove(turn))
            {
                return;
            }

            if (lane.Turns.Count == 0)
            {
                _waiting.Remove(lane);
                RemoveIfUnused(lane);
            }
        }

        turn.TrySetCanceled(cancellationToken);
    }

    private void StartNext()
    {
        for (var looked = 0; _running < MaxRunning && looked < _waiting.Count;)
        {
            var lane = _waiting.First!.Value;
            _waiting.RemoveFirst();
            looked++;
            if (lane.Running < getMaxPerAddress())
            {
                lane.Turns.First!.Value.SetResult();
                lane.Turns.RemoveFirst();
                lane.Running++;
                _running++;
                looked = 0;
            }

            if (lane.Turns.Count > 0)
            {
                _waiting.AddLast(lane);
            }
        }
    }

    private void RemoveIfUnused(Lane lane)
    {
        if (lane is { Running: 0, Turns.Count: 0 })
        {
            _lanes.Remove(lane.Address);
        }
    }

    /// <summary>The handshakes of one address.</summary>
    private sealed class Lane(IPAddress address)
    {
        public IPAddress Address => address;

        public LinkedList<TaskCompletionSource> Turns { get; } = new();

        public int Running { get; set; }
    }
}
