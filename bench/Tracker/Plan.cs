namespace P2PShare.Bench.Tracker;

/// <summary>How the trackers are driven.</summary>
/// <param name="Time">How long each subject is driven in each case and round.</param>
/// <param name="Warm">How long before that without counting.</param>
/// <param name="Concurrency">Requests in flight.</param>
/// <param name="Online">Peers that are online when the memory is read.</param>
internal sealed record Plan(int Rounds, TimeSpan Time, TimeSpan Warm, int Concurrency, int Online, IReadOnlyList<Case> Cases);
