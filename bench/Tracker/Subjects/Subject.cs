namespace P2PShare.Bench.Tracker.Subjects;

/// <summary>A server that is driven.</summary>
internal abstract class Subject(string name) : IAsyncDisposable
{
    public string Name { get; } = name;

    /// <summary>Why it cannot run here; null: it can.</summary>
    public virtual string? Missing => null;

    /// <summary>Starts it, with what it needs to be asked of.</summary>
    /// <param name="folder">For its files.</param>
    public abstract Task StartAsync(string folder, CancellationToken cancellationToken);

    /// <summary>A request of a case, by its number; null where the server does nothing of the kind.</summary>
    public abstract Func<int, Task>? RequestOf(Case @case);

    public abstract ValueTask DisposeAsync();
}
