namespace P2PShare.Bench.Swarm;

/// <summary>What happens to the machines of a swarm.</summary>
internal enum Case
{
    /// <summary>Nothing.</summary>
    All,

    /// <summary>Every second receiver cannot accept connections.</summary>
    HalfUnreachable,

    /// <summary>One receiver in four is killed after half of the shortest possible time.</summary>
    QuarterKilled,

    /// <summary>The seed is killed when it has sent 1.1 copies.</summary>
    SeedLeaves,
}
