using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Copy.Subjects;

/// <summary>A way to bring a file to machines that a session or SSH reaches.</summary>
/// <param name="lab">Where it runs.</param>
internal abstract class Subject(Lab lab) : IAsyncDisposable
{
    /// <summary>Processes that run for it and end with it; the targets' SSH servers are not among them.</summary>
    public ProcessTree Processes { get; } = new();

    protected Lab Lab { get; } = lab;

    /// <summary>What comes before its time counts, such as opening sessions.</summary>
    /// <param name="path">The file.</param>
    public abstract Task PrepareAsync(string path, CancellationToken cancellationToken);

    /// <summary>Brings the file into the folder of each target.</summary>
    /// <returns>Seconds until the last target has it.</returns>
    public abstract Task<double> CopyAsync(string path, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}
