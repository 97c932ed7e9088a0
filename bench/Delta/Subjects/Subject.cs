using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Delta.Subjects;

/// <summary>A program that brings receivers from the old version to the new one.</summary>
/// <param name="name">As the table shows it.</param>
internal abstract class Subject(string name, Lab lab, Update update) : IAsyncDisposable
{
    public string Name { get; } = name;

    /// <summary>Whether receivers get the old version before a round.</summary>
    public virtual bool HasOld => true;

    /// <summary>What is running for it: a seed all the time, receivers while they receive.</summary>
    public ProcessTree Processes { get; } = new();

    /// <summary>The programs that it needs.</summary>
    public abstract IReadOnlyList<string> Programs { get; }

    protected Lab Lab { get; } = lab;

    protected Update Update { get; } = update;

    /// <summary>Publishes the new version; what serves it runs until disposal.</summary>
    /// <param name="folder">An empty folder for what it needs on disk.</param>
    public abstract Task StartAsync(string folder, CancellationToken cancellationToken);

    /// <summary>What a round needs before its time counts.</summary>
    public virtual Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>From the command to the last file complete under its name.</summary>
    /// <param name="receiver">From 0.</param>
    /// <param name="folder">Has the old version, if there is one, and gets the new one.</param>
    public abstract Task ReceiveAsync(int receiver, string folder, CancellationToken cancellationToken);

    /// <summary>What its processes have spent compiling so far, in seconds; null: they are not .NET programs.</summary>
    public virtual Task<double?> ReadCompilingAsync(CancellationToken cancellationToken) => Task.FromResult<double?>(null);

    /// <summary>Ends the receivers of this round.</summary>
    public virtual Task EndRoundAsync() => Task.CompletedTask;

    public abstract ValueTask DisposeAsync();

    /// <summary>Runs a program on a receiver's machine that ends when it has received.</summary>
    protected async Task RunAsync(int receiver, string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        await using var child = Lab.Receivers[receiver].Start(InstalledProgram.Get(program), arguments);
        Processes.Add(child.Id);
        try
        {
            await child.CompleteAsync(cancellationToken);
        }
        finally
        {
            Processes.Remove(child.Id);
        }
    }
}
