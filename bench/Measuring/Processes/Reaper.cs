using System.Diagnostics;

namespace P2PShare.Bench.Measuring.Processes;

/// <summary>
/// A process that outlives this one, however this one ends (<c>kill -9</c> too), and then removes what is left: this process
/// tells it over its standard input what there is, and it starts to remove when that input ends. See <see cref="ReaperRole"/>.
/// </summary>
internal static class Reaper
{
    /// <summary>A variable that every process of this benchmark has in its environment, and passes on to those it starts.</summary>
    public const string MarkVariable = "P2PSHARE_BENCH";

    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(30);
    private static readonly Lock Gate = new();
    private static Process? _process;

    /// <summary>The value of <see cref="MarkVariable"/>: this run's own.</summary>
    public static string Mark { get; } = Guid.NewGuid().ToString("N");

    /// <summary>From now on this is removed if it is still there when this process ends.</summary>
    /// <exception cref="BenchException">The reaper has ended.</exception>
    public static void Watch(Leftover kind, string name)
    {
        try
        {
            Tell(ReaperRole.WatchWord, kind, name);
        }
        catch (IOException e)
        {
            throw new BenchException("The process that removes what this benchmark would leave behind has ended.", e);
        }
    }

    /// <summary>It is gone.</summary>
    public static void Release(Leftover kind, string name)
    {
        try
        {
            Tell(ReaperRole.ReleaseWord, kind, name);
        }
        catch (IOException)
        {
            // The next call of Watch reports it.
        }
    }

    /// <summary>Lets it remove what is left, and waits for that.</summary>
    public static async Task EndAsync()
    {
        if (Interlocked.Exchange(ref _process, null) is { } process)
        {
            process.StandardInput.Close();
            using var limit = new CancellationTokenSource(TimeToEnd);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            process.Dispose();
        }
    }

    private static void Tell(string word, Leftover kind, string name)
    {
        lock (Gate)
        {
            _process ??= Start();
            _process.StandardInput.WriteLine($"{word}\t{kind}\t{name}");
            _process.StandardInput.Flush();
        }
    }

    private static Process Start()
    {
        // Its output is redirected, so that it does not hold this program's open.
        var start = new ProcessStartInfo(OwnProgram.Dotnet, OwnProgram.Arguments(ReaperRole.Name))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[MarkVariable] = Mark;
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start)!;
    }
}
