using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Swarm;

/// <summary>A program that brings one file from one seed to many receivers, for one round.</summary>
internal abstract class Subject : IAsyncDisposable
{
    /// <summary>Processes, the seed's first and then those of the receivers that run all the time.</summary>
    public abstract IReadOnlyList<Child> Processes { get; }

    /// <summary>Ids of all processes whose processor time counts.</summary>
    public virtual IEnumerable<int> ProcessIds => Processes.Select(process => process.Id);

    /// <summary>Starts everything up to the point where one line lets all receivers begin.</summary>
    public abstract Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Lets a receiver begin.</summary>
    /// <param name="receiver">From 0.</param>
    /// <returns>Ends when it is complete, and fails when it cannot become complete.</returns>
    public abstract Task ReceiveAsync(int receiver, CancellationToken cancellationToken);

    /// <summary>Where a receiver keeps what it has, unfinished or not; null: it has nothing yet.</summary>
    public abstract string? PathOf(int receiver);

    /// <summary>What its processes have spent compiling so far, in seconds; null: they are not .NET programs, or some were killed.</summary>
    public virtual Task<double?> ReadCompilingAsync(CancellationToken cancellationToken) => Task.FromResult<double?>(null);

    public abstract ValueTask DisposeAsync();
}
