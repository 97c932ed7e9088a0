namespace P2PShare.Transfer.Connections;

/// <summary>
/// How much of its files a source reads for tree requests: an answer of 32 bytes may take 16 MiB from the disk, which the limit of
/// uploads does not see. A token bucket for each user, over all connections. A receiver that updates files needs each piece once; a peer
/// that asks for hashes of all pieces again and again waits. Safe for concurrent use.
/// </summary>
/// <param name="burst">Bytes that a user may have read at once.</param>
internal sealed class TreeReadBudget(TimeProvider clock, long burst)
{
    /// <summary>Bytes that a user may usually have read at once.</summary>
    public const long Burst = 4L * 1024 * 1024 * 1024;

    /// <summary>Bytes a second after that: a third of what one processor hashes, and several times what most lines take.</summary>
    public const long PerSecond = 512 * 1024 * 1024;

    // Above that, users whose bucket is full are removed: a new bucket is full too.
    private const int KeptUsers = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, (double Tokens, long At)> _users = [];

    /// <summary>Counts bytes that are about to be read for a user.</summary>
    /// <returns>How long to wait before.</returns>
    public TimeSpan Take(Guid user, int bytes)
    {
        lock (_lock)
        {
            var now = clock.GetTimestamp();
            if (_users.Count > KeptUsers)
            {
                foreach (var (full, _) in _users.Where(one => Refill(one.Value, now) >= burst).ToArray())
                {
                    _users.Remove(full);
                }
            }

            var tokens = Refill(_users.GetValueOrDefault(user, (burst, now)), now) - bytes;
            _users[user] = (tokens, now);
            return tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-tokens / PerSecond);
        }
    }

    /// <summary>Whether a user has to wait before more is read.</summary>
    public bool IsSpent(Guid user)
    {
        lock (_lock)
        {
            return _users.TryGetValue(user, out var bucket) && Refill(bucket, clock.GetTimestamp()) <= 0;
        }
    }

    private double Refill((double Tokens, long At) bucket, long now) =>
        Math.Min(burst, bucket.Tokens + clock.GetElapsedTime(bucket.At, now).TotalSeconds * PerSecond);
}
