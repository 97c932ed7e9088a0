using System.Collections.Concurrent;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// The fingerprints that sessions have proven to this process. A proof is the same with every announce of a session, and to check its signature costs more than all
/// else that the announce needs.
/// </summary>
internal sealed class ProvenFingerprints
{
    /// <summary>How many are remembered: 10 MB. More are checked again.</summary>
    public const int Capacity = 100_000;

    // Two halves: when the newer one is full, the older one is dropped.
    private volatile ConcurrentDictionary<(Guid Session, Hash256 Fingerprint), bool> _newer = [];
    private volatile ConcurrentDictionary<(Guid Session, Hash256 Fingerprint), bool> _older = [];
    private int _added;

    public bool Contains(Guid session, Hash256 fingerprint) => _newer.ContainsKey((session, fingerprint)) || _older.ContainsKey((session, fingerprint));

    public void Add(Guid session, Hash256 fingerprint)
    {
        if (_newer.TryAdd((session, fingerprint), true) && Interlocked.Increment(ref _added) % (Capacity / 2) == 0)
        {
            _older = _newer;
            _newer = [];
        }
    }
}
