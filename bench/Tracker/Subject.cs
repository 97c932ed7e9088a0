namespace P2PShare.Bench.Tracker;

/// <summary>A server that is driven.</summary>
internal abstract class Subject(string name) : IAsyncDisposable
{
    public string Name { get; } = name;

    /// <summary>Why it cannot run here; null: it can.</summary>
    public virtual string? Missing => null;

    /// <summary>Its processes.</summary>
    public abstract IEnumerable<int> ProcessIds { get; }

    /// <summary>Starts it, with what it is then asked for.</summary>
    /// <param name="folder">For its files.</param>
    public abstract Task StartAsync(string folder, CancellationToken cancellationToken);

    /// <summary>A request of a case, by its number; null: the server does not do that.</summary>
    public abstract Func<int, Task>? RequestOf(Case @case);

    /// <summary>What its processes have spent compiling so far, in seconds; null: they are not .NET programs.</summary>
    public virtual Task<double?> ReadCompilingAsync(CancellationToken cancellationToken) => Task.FromResult<double?>(null);

    public abstract ValueTask DisposeAsync();
}
