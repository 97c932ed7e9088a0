using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>A program that moves files from one process to another.</summary>
/// <param name="name">As the table shows it.</param>
internal abstract class Subject(string name) : IAsyncDisposable
{
    public string Name { get; } = name;

    /// <summary>What is running for it: sources all the time, a receiver while it receives.</summary>
    public ProcessTree Processes { get; } = new();

    /// <summary>Whether all programs that it needs are installed.</summary>
    public abstract Task<bool> IsInstalledAsync(CancellationToken cancellationToken);

    /// <summary>Starts what serves the content; it runs until disposal.</summary>
    /// <param name="folder">An empty folder for what it needs on disk.</param>
    public abstract Task StartAsync(Content content, string folder, CancellationToken cancellationToken);

    /// <summary>What a round needs before its time counts.</summary>
    public virtual Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>From the command to the last file complete under its name.</summary>
    /// <param name="folder">Gets the files, and nothing else; does not exist yet.</param>
    public abstract Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken);

    /// <summary>What its processes have spent compiling so far, in seconds; null: they are not .NET programs.</summary>
    public virtual Task<double?> ReadCompilingAsync(CancellationToken cancellationToken) => Task.FromResult<double?>(null);

    /// <summary>Ends the receiver of this round.</summary>
    public virtual Task EndRoundAsync() => Task.CompletedTask;

    public abstract ValueTask DisposeAsync();

    /// <summary>Runs a program that ends when it has received.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    protected async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        await using var child = Child.Start(program, arguments);
        Processes.Add(child.Id);
        try
        {
            return await child.CompleteAsync(cancellationToken);
        }
        finally
        {
            Processes.Remove(child.Id);
        }
    }

    protected static Task<bool> AllInstalled(params string[] programs) =>
        Task.FromResult(programs.All(program => InstalledProgram.Find(program) is not null));
}
