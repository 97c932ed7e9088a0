namespace P2PShare.Bench.Swarm;

/// <summary>A program that brings one file from one seed to many receivers.</summary>
internal interface ISubject : IDisposable
{
    /// <summary>Processes, the seed's first.</summary>
    IReadOnlyList<Worker> Workers { get; }

    /// <summary>Starts everything up to the point where one word lets all receivers begin.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Lets a receiver begin.</summary>
    /// <param name="receiver">From 0.</param>
    /// <returns>Ends when it is complete, and fails when it cannot become so.</returns>
    Task ReceiveAsync(int receiver, CancellationToken cancellationToken);

    /// <summary>Where a receiver keeps what it has, unfinished or not; null where there is nothing yet.</summary>
    string? PathOf(int receiver);
}
