namespace P2PShare.Transfer.Sharing;

/// <summary>
/// Lets several callers read at a time, or one change what they read. Every offered content has one, so it is a number: a
/// <see cref="ReaderWriterLockSlim"/> takes more than a hundred bytes. Neither side may enter again. Not to be copied. Safe for concurrent use.
/// </summary>
internal struct ReadGate
{
    // Once a writer waits, later readers wait for it: reads that overlap would keep it out for ever.
    private const int Writer = int.MinValue;

    // Of all gates, for those who wait only. That is rare, and they do not hold it while they wait.
    private static readonly object Waiting = new();

    // How many read, and whether one writes or waits to write.
    private int _state;

    public void EnterRead()
    {
        if (TryEnterRead())
        {
            return;
        }

        lock (Waiting)
        {
            while (!TryEnterRead())
            {
                Monitor.Wait(Waiting);
            }
        }
    }

    public void ExitRead()
    {
        if (Interlocked.Decrement(ref _state) == Writer)
        {
            WakeAll();
        }
    }

    public void EnterWrite()
    {
        lock (Waiting)
        {
            while ((Interlocked.Or(ref _state, Writer) & Writer) != 0)
            {
                Monitor.Wait(Waiting);
            }

            while (Volatile.Read(ref _state) != Writer)
            {
                Monitor.Wait(Waiting);
            }
        }
    }

    public void ExitWrite()
    {
        Interlocked.And(ref _state, ~Writer);
        WakeAll();
    }

    private bool TryEnterRead()
    {
        var state = Volatile.Read(ref _state);
        while (state >= 0)
        {
            var before = Interlocked.CompareExchange(ref _state, state + 1, state);
            if (before == state)
            {
                return true;
            }

            state = before;
        }

        return false;
    }

    // The state was changed before: a caller that has seen the one of before already waits.
    private static void WakeAll()
    {
        lock (Waiting)
        {
            Monitor.PulseAll(Waiting);
        }
    }
}
