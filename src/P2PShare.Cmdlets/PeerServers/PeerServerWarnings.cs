using System.Collections.Concurrent;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>
/// What a peer server warned of, from its start on: kept for the next cmdlet that uses it, and passed on to its job. Beyond a bound
/// the oldest are dropped. Safe for concurrent use.
/// </summary>
/// <remarks>Takes sentences rather than an ILogger: only the engine's load context has the package of that interface.</remarks>
internal sealed class PeerServerWarnings
{
    private const int MaxKept = 100;

    private readonly ConcurrentQueue<string> _kept = new();

    /// <summary>Raised, on any thread, with each warning.</summary>
    public event Action<string>? Added;

    public void Add(string sentence)
    {
        _kept.Enqueue(sentence);
        if (_kept.Count > MaxKept)
        {
            _kept.TryDequeue(out _);
        }

        Added?.Invoke(sentence);
    }

    /// <summary>Returns each warning once.</summary>
    public IEnumerable<string> Take()
    {
        while (_kept.TryDequeue(out var sentence))
        {
            yield return sentence;
        }
    }
}
