namespace P2PShare.Bench.Measuring;

/// <summary>
/// Lets subjects take turns: each once in every round and in random order, so that whatever else the machine does meets all of
/// them and ratios are of one round. A subject that fails is excluded, and the others continue.
/// </summary>
internal sealed class Rounds(IReadOnlyList<string> subjects)
{
    private readonly Dictionary<string, string> _excluded = [];

    /// <summary>All of them, in the order of the table.</summary>
    public IReadOnlyList<string> Subjects => subjects;

    /// <summary>Those that were not excluded.</summary>
    public IEnumerable<string> Remaining => subjects.Where(subject => !_excluded.ContainsKey(subject));

    /// <summary>Whether no subject failed; one that is not installed has not failed.</summary>
    public bool Succeeded { get; private set; } = true;

    /// <summary>Null: it is not excluded.</summary>
    public string? ReasonOf(string subject) => _excluded.GetValueOrDefault(subject);

    /// <param name="reason">As the table shows it.</param>
    public void Exclude(string subject, string reason) => _excluded[subject] = reason;

    /// <param name="run">Is given a subject and the number of the round, from 1.</param>
    public async Task RunAsync(int count, Func<string, int, Task> run, CancellationToken cancellationToken)
    {
        for (var round = 1; round <= count; round++)
        {
            var order = Remaining.ToArray();
            Random.Shared.Shuffle(order);
            foreach (var subject in order)
            {
                await TryAsync(subject, () => run(subject, round), cancellationToken);
            }
        }
    }

    /// <summary>Does something for a subject, and excludes the subject when that fails in any way.</summary>
    public async Task TryAsync(string subject, Func<Task> action, CancellationToken cancellationToken)
    {
        try
        {
            await action();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"{subject} failed: {(e is BenchException ? e.Message : $"{e.GetType().Name}: {e.Message}")}");
            Exclude(subject, "failed");
            Succeeded = false;
        }
    }
}
