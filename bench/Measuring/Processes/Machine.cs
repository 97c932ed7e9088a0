namespace P2PShare.Bench.Measuring.Processes;

/// <summary>Where a program of a benchmark runs: this machine, or a network namespace that stands for another.</summary>
/// <param name="address">Its IPv4 address.</param>
/// <param name="command">A program and arguments that run another program there and become it; empty: none.</param>
internal class Machine(string address, params IReadOnlyList<string> command)
{
    public static Machine Local { get; } = new("127.0.0.1");

    public string Address { get; } = address;

    /// <param name="program">Absolute path, or a name on the PATH.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <param name="name">As messages name it; null: as its file is named.</param>
    public Child Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? name = null)
    {
        IReadOnlyList<string> words = [.. command, program, .. arguments];
        return Child.Start(words[0], words.Skip(1), environment, name: name ?? Path.GetFileName(program));
    }

    /// <summary>Starts this program in a role.</summary>
    /// <param name="assembly">Of another build of this program; null: this one.</param>
    public Child StartRole(IReadOnlyList<string> role, IReadOnlyDictionary<string, string>? environment = null, string? name = null, string? assembly = null) =>
        Start(OwnProgram.Dotnet, OwnProgram.ArgumentsOf(assembly ?? OwnProgram.AssemblyPath, role), environment, name ?? role[0]);

    /// <summary>Runs a program there to its end.</summary>
    /// <exception cref="BenchException">Its exit code was not 0.</exception>
    public async Task RunAsync(string program, params string[] arguments)
    {
        await using var child = Start(program, arguments);
        await child.CompleteAsync(CancellationToken.None);
    }
}
