namespace P2PShare.Integration.TrackerHost.Durability;

/// <summary>
/// What a tracker has to know, from the answers that writers got. A fact is a text such as <c>member dev alice</c>. A write
/// whose answer never came was made as a whole or not at all: its facts stay open until <see cref="Settle"/>.
/// </summary>
internal sealed class Acknowledged
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _facts = [];
    private readonly HashSet<string> _open = [];
    private readonly List<(string Fact, bool Holds)[]> _lost = [];
    private (int Count, TaskCompletionSource Reached)? _awaited;

    /// <summary>Writes that were answered with success.</summary>
    public int Count { get; private set; }

    /// <summary>Writes whose answer never came.</summary>
    public int Lost { get; private set; }

    /// <summary>The facts that hold and that nobody is changing.</summary>
    public List<string> Known(string prefix)
    {
        lock (_lock)
        {
            return [.. _facts.Where(fact => fact.StartsWith(prefix, StringComparison.Ordinal) && !_open.Contains(fact))];
        }
    }

    /// <summary>Begins a write that changes facts.</summary>
    /// <returns>Whether nobody else is changing one of them, and each is really changed.</returns>
    public bool TryBegin((string Fact, bool Holds)[] changes)
    {
        lock (_lock)
        {
            if (Array.Exists(changes, change => _open.Contains(change.Fact) || _facts.Contains(change.Fact) == change.Holds))
            {
                return false;
            }

            _open.UnionWith(changes.Select(change => change.Fact));
            return true;
        }
    }

    /// <summary>The tracker said that it was done.</summary>
    public void Answered((string Fact, bool Holds)[] changes)
    {
        lock (_lock)
        {
            Count++;
            Apply(changes);
            if (_awaited is var (count, reached) && Count >= count)
            {
                reached.TrySetResult();
            }
        }
    }

    /// <summary>Waits until so many writes were answered with success.</summary>
    public async Task ReachesAsync(int count)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _awaited = (count, reached);
        }

        await reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>The tracker never answered.</summary>
    public void Unanswered((string Fact, bool Holds)[] changes)
    {
        lock (_lock)
        {
            Lost++;
            _lost.Add(changes);
        }
    }

    /// <summary>Compares with what a tracker knows after a new start, and takes over what became of the unanswered writes.</summary>
    /// <returns>What is wrong; nothing where all is well.</returns>
    public List<string> Settle(HashSet<string> actual)
    {
        var wrong = new List<string>();
        foreach (var changes in _lost)
        {
            var made = changes.Count(change => actual.Contains(change.Fact) == change.Holds);
            if (made != 0 && made != changes.Length)
            {
                wrong.Add($"half made: {string.Join(", ", changes)}");
            }

            if (made == changes.Length)
            {
                Apply(changes);
            }
            else
            {
                _open.ExceptWith(changes.Select(change => change.Fact));
            }
        }

        _lost.Clear();
        wrong.AddRange(_facts.Except(actual).Select(fact => $"acknowledged and gone: {fact}"));
        wrong.AddRange(actual.Except(_facts).Select(fact => $"undone or never asked for, and there: {fact}"));
        return wrong;
    }

    private void Apply((string Fact, bool Holds)[] changes)
    {
        foreach (var (fact, holds) in changes)
        {
            _open.Remove(fact);
            if (holds)
            {
                _facts.Add(fact);
            }
            else
            {
                _facts.Remove(fact);
            }
        }
    }
}
