using System.Net;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Lets a bounded number of handshakes run at once. Sites (<see cref="Admission.GetSite"/>) take turns, so that one that has many waiting
/// delays no other. Safe for concurrent use.
/// </summary>
/// <param name="getMaxPerAddress">Most that run at once for one address; a site has <see cref="Admission.AddressesPerSite"/> times that.</param>
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
            var site = Admission.GetSite(address);
            if (!_lanes.TryGetValue(site, out lane!))
            {
                _lanes[site] = lane = new Lane(site);
            }

            lane.Turns.AddLast((address, turn));
            if (lane.Turns.Count == 1)
            {
                _waiting.AddLast(lane);
            }

            StartNext();
        }

        using var cancelling = cancellationToken.UnsafeRegister(_ => Cancel(lane, (address, turn), cancellationToken), null);
        await turn.Task.ConfigureAwait(false);
    }

    /// <summary>Ends a handshake that had its turn.</summary>
    public void Exit(IPAddress address)
    {
        lock (_lock)
        {
            _running--;
            var lane = _lanes[Admission.GetSite(address)];
            lane.End(address);
            StartNext();
            RemoveIfUnused(lane);
        }
    }

    private void Cancel(Lane lane, (IPAddress Address, TaskCompletionSource Source) turn, CancellationToken cancellationToken)
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

        turn.Source.TrySetCanceled(cancellationToken);
    }

    private void StartNext()
    {
        for (var looked = 0; _running < MaxRunning && looked < _waiting.Count;)
        {
            var lane = _waiting.First!.Value;
            _waiting.RemoveFirst();
            looked++;
            if (lane.TryTakeTurn(getMaxPerAddress()) is { } turn)
            {
                turn.SetResult();
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
            _lanes.Remove(lane.Site);
        }
    }

    /// <summary>The handshakes of one site.</summary>
    private sealed class Lane(IPAddress site)
    {
        private readonly Dictionary<IPAddress, int> _runningOf = [];

        public IPAddress Site => site;

        /// <summary>Those that wait, the one that came first at the front.</summary>
        public LinkedList<(IPAddress Address, TaskCompletionSource Source)> Turns { get; } = new();

        /// <summary>Those that run.</summary>
        public int Running { get; private set; }

        /// <returns>The first that waits and may run; null if none may.</returns>
        public TaskCompletionSource? TryTakeTurn(int maxPerAddress)
        {
            for (var node = Running < Admission.AddressesPerSite * maxPerAddress ? Turns.First : null; node is not null; node = node.Next)
            {
                var (address, source) = node.Value;
                var running = _runningOf.GetValueOrDefault(address);
                if (running < maxPerAddress)
                {
                    Turns.Remove(node);
                    _runningOf[address] = running + 1;
                    Running++;
                    return source;
                }
            }

            return null;
        }

        public void End(IPAddress address)
        {
            Running--;
            if (--_runningOf[address] == 0)
            {
                _runningOf.Remove(address);
            }
        }
    }
}
