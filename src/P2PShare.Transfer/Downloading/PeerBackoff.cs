using System.Collections.Concurrent;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Downloading;

/// <summary>How long to wait before a peer that failed is tried again: twice as long after each failure in a row. Safe for concurrent use.</summary>
internal sealed class PeerBackoff(TimeProvider clock)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Last = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Hash256, (int Failures, long Since)> _peers = new();

    public bool CanTry(Hash256 fingerprint) =>
        !_peers.TryGetValue(fingerprint, out var failed) || clock.GetElapsedTime(failed.Since) >= GetWait(failed.Failures);

    public void AddFailure(Hash256 fingerprint) => _peers.AddOrUpdate(
        fingerprint,
        static (_, now) => (1, now),
        static (_, before, now) => (before.Failures + 1, now),
        clock.GetTimestamp());

    public void Reset(Hash256 fingerprint) => _peers.TryRemove(fingerprint, out _);

    private static TimeSpan GetWait(int failures)
    {
        var wait = First * Math.Pow(2, Math.Min(failures, 10) - 1);
        return wait < Last ? wait : Last;
    }
}
