namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Names for completion, as a tracker knows them. An answer is kept for a moment, because a person types on and asks again; a
/// tracker that does not answer costs one wait and not one for each key press. Safe for concurrent use.
/// </summary>
/// <param name="patience">How long a caller waits for the tracker.</param>
/// <param name="maxAge">How long an answer, or the lack of one, is kept.</param>
public sealed class NameCache<TKey, TName>(TimeProvider clock, TimeSpan patience, TimeSpan maxAge)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Answer> _answers = [];

    /// <summary>The names for a key: kept ones, otherwise those that <paramref name="ask"/> returns in time.</summary>
    /// <returns>Empty if the tracker does not answer in time, or with an error: a prompt has no place to show it.</returns>
    public async Task<IReadOnlyList<TName>> GetAsync(TKey key, Func<CancellationToken, Task<IReadOnlyList<TName>>> ask)
    {
        Answer? answer;
        bool isKept;
        lock (_lock)
        {
            isKept = _answers.TryGetValue(key, out answer) && clock.GetElapsedTime(answer.Asked) < maxAge;
            if (!isKept)
            {
                _answers[key] = answer = new Answer(clock.GetTimestamp(), AskAsync(ask));
            }
        }

        if (!isKept)
        {
            await ((Task)answer!.Names).WaitAsync(patience, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return answer!.Names.IsCompletedSuccessfully ? await answer.Names.ConfigureAwait(false) : [];
    }

    /// <summary>Drops all answers: names may have changed.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _answers.Clear();
        }
    }

    private async Task<IReadOnlyList<TName>> AskAsync(Func<CancellationToken, Task<IReadOnlyList<TName>>> ask)
    {
        using var timeout = new CancellationTokenSource(patience, clock);
        // Not on the caller's thread, which may do much before its first await.
        return await Task.Run(() => ask(timeout.Token), timeout.Token).ConfigureAwait(false);
    }

    private sealed record Answer(long Asked, Task<IReadOnlyList<TName>> Names);
}
