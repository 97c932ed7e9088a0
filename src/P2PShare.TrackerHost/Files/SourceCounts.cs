using System.Collections.Concurrent;
using System.Data.Common;
using Dapper;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Files;

/// <summary>
/// How many peers online have all of each content of a group. Counted for each request; in a group with many sources, once in
/// <see cref="Kept"/> for all requests meanwhile.
/// </summary>
internal sealed class SourceCounts(PeerOptions options, TimeProvider clock)
{
    /// <summary>Sources in a group from which on counts are kept.</summary>
    public const int Many = 5000;

    /// <summary>How old the counts of a group with many sources may be.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<long, Counted> _kept = [];

    /// <returns>By content; one without sources is left out.</returns>
    public Task<IReadOnlyDictionary<string, int>> GetAsync(DbConnection connection, long group)
    {
        if (!_kept.TryGetValue(group, out var kept))
        {
            return CountAsync(connection, group);
        }

        var now = clock.GetTimestamp();
        if (kept.Counts.IsCompleted && clock.GetElapsedTime(kept.At, now) >= Kept)
        {
            var counting = new TaskCompletionSource<IReadOnlyDictionary<string, int>>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_kept.TryUpdate(group, new Counted(counting.Task, now), kept))
            {
                return CountForAllAsync(connection, group, counting);
            }
        }

        return _kept.TryGetValue(group, out kept) ? kept.Counts : CountAsync(connection, group);
    }

    /// <summary>Whether these counts of a group are kept, so that others receive the same.</summary>
    public bool Keeps(long group, IReadOnlyDictionary<string, int> counts) =>
        _kept.TryGetValue(group, out var kept) && kept.Counts is { IsCompletedSuccessfully: true } counted && counted.Result == counts;

    /// <returns>The same for some contents alone.</returns>
    public async Task<IReadOnlyDictionary<string, int>> GetAsync(DbConnection connection, long group, IReadOnlyCollection<string> contents) =>
        contents.Count == 0 ? new Dictionary<string, int>()
            : contents.Count > 1 && _kept.ContainsKey(group) ? await GetAsync(connection, group)
            : await CountAsync(connection, group, $"AND {connection.In("h.pieces_root", "@Contents")}", connection.List(contents));

    private async Task<IReadOnlyDictionary<string, int>> CountForAllAsync(
        DbConnection connection, long group, TaskCompletionSource<IReadOnlyDictionary<string, int>> counting)
    {
        try
        {
            var counts = await CountAsync(connection, group);
            counting.SetResult(counts);
            return counts;
        }
        catch (Exception e)
        {
            _kept.TryRemove(group, out _);
            counting.SetException(e);
            throw;
        }
    }

    private async Task<IReadOnlyDictionary<string, int>> CountAsync(DbConnection connection, long group)
    {
        var at = clock.GetTimestamp();
        var counts = await CountAsync(connection, group, "", null);
        if (counts.Values.Sum(count => (long)count) >= Many)
        {
            _kept.TryAdd(group, new Counted(Task.FromResult(counts), at));
        }
        else
        {
            _kept.TryRemove(group, out _);
        }

        return counts;
    }

    private async Task<IReadOnlyDictionary<string, int>> CountAsync(DbConnection connection, long group, string condition, object? contents)
    {
        var rows = await connection.QueryAsync<(string Root, long Sources)>(
            $"""
            SELECT h.pieces_root, COUNT(*) FROM holdings h CROSS JOIN peers p
            WHERE p.id = h.peer_id AND h.group_id = @group AND h.complete = 1 AND p.last_seen >= @SeenSince {condition} GROUP BY h.pieces_root
            """,
            new { group, Contents = contents, SeenSince = options.OnlineSince(clock.GetUtcNow()) });
        return rows.ToDictionary(row => row.Root, row => (int)row.Sources, StringComparer.Ordinal);
    }

    private sealed record Counted(Task<IReadOnlyDictionary<string, int>> Counts, long At);
}
