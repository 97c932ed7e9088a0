using System.CommandLine;

namespace P2PShare.Bench.Measuring;

/// <summary>A verb: measures, and writes the rows if a file is named.</summary>
internal abstract class BenchCommand : Command
{
    /// <summary>Exit code of wrong arguments, and of a benchmark that cannot continue.</summary>
    public const int CannotRun = 2;

    private const int SubjectFailed = 1;
    private const int Interrupted = 130;

    private readonly Option<string?> _json = BenchOptions.Json();

    protected BenchCommand(string name, string description)
        : base(name, description)
    {
        Options.Add(_json);
        SetAction(RunAsync);
    }

    /// <summary>Measures and prints tables to standard output, and what happens meanwhile to standard error.</summary>
    /// <exception cref="BenchException">It cannot continue.</exception>
    protected abstract Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken);

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        try
        {
            var measured = await MeasureAsync(arguments, cancellationToken);
            if (measured.MissingPart is not null)
            {
                Console.WriteLine($"not run: {measured.MissingPart}");
                return 0;
            }

            if (arguments.GetValue(_json) is { } path)
            {
                RowFile.Write(path, measured.Rows);
            }

            return measured.Succeeded ? 0 : SubjectFailed;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Interrupted: nothing was written.");
            return Interrupted;
        }
        catch (BenchException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return CannotRun;
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"The benchmark failed: {e.GetType().Name}: {e.Message}");
            return CannotRun;
        }
    }
}
