namespace P2PShare.Bench.Tracker;

/// <summary>How the trackers are driven.</summary>
/// <param name="Time">How long each subject is driven in each case and round.</param>
/// <param name="Warm">How long before that without counting.</param>
/// <param name="Concurrency">Requests in flight.</param>
/// <param name="Online">Peers that are online when the memory is read.</param>
/// <param name="Streams">Streams of requests to dial that are open in their case.</param>
internal sealed record Plan(int Rounds, TimeSpan Time, TimeSpan Warm, int Concurrency, int Online, int Streams, IReadOnlyList<Case> Cases);
