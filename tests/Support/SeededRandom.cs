namespace P2PShare.Support;

/// <summary>Reproducible randomness: a failed test reports its seed.</summary>
internal sealed class SeededRandom
{
    private readonly int _seed = Random.Shared.Next();

    public SeededRandom() => Random = new Random(_seed);

    public Random Random { get; }

    /// <summary>Runs a test; its failure begins with the seed.</summary>
    public async Task RunAsync(Func<Task> test)
    {
        try
        {
            await test();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {_seed}: {e.Message}", e);
        }
    }

    /// <summary>A random delay, independent of the other processes.</summary>
    public Task MomentAsync(TimeSpan longest) => Task.Delay(longest * Random.NextDouble());
}
