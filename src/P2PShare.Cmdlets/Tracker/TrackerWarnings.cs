namespace P2PShare.Cmdlets.Tracker;

/// <summary>
/// The warnings of a tracker session: for the cmdlet that opens it, later for the session's peer server. Kept, up to a bound, while
/// there is no listener. Safe for concurrent use.
/// </summary>
internal sealed class TrackerWarnings
{
    private const int MaxKept = 100;

    private readonly Lock _lock = new();
    private readonly Queue<string> _kept = new();
    private Action<string>? _listener;

    /// <summary>Sends the warnings, those that were kept first, to a listener; replaces an earlier one.</summary>
    public void Attach(Action<string> listener)
    {
        string[] kept;
        lock (_lock)
        {
            _listener = listener;
            kept = [.. _kept];
            _kept.Clear();
        }

        Array.ForEach(kept, listener);
    }

    public void Detach(Action<string> listener)
    {
        lock (_lock)
        {
            _listener = _listener == listener ? null : _listener;
        }
    }

    public void Add(string sentence)
    {
        Action<string>? listener;
        lock (_lock)
        {
            listener = _listener;
            if (listener is null)
            {
                _kept.Enqueue(sentence);
                if (_kept.Count > MaxKept)
                {
                    _kept.Dequeue();
                }
            }
        }

        listener?.Invoke(sentence);
    }
}
