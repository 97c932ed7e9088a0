namespace P2PShare.Bench.Tracker;

/// <summary>
/// Connections that each ask for a whole list of files, all of its pages at once, and read a few bytes a second of them. The system's buffers
/// take the first pages; what follows, the tracker has to keep or not to make.
/// </summary>
/// <param name="speed">Bytes that each connection reads in a second.</param>
/// <param name="time">How long.</param>
internal sealed class SlowLists(int connections, int files, int speed, TimeSpan time)
    : Attack($"{connections} slow readers of {files} files")
{
    private const int PageSize = 1000;

    // Files are in the order of their names, as texts: behind each of so many is at least a page.
    private const int Pages = 80;

    protected override async Task PrepareAsync(SingleTracker tracker, string? connectionString, CancellationToken cancellationToken)
    {
        await tracker.KillAsync();
        await using (var tables = await TrackerTables.OpenAsync(tracker.DataPath, connectionString, cancellationToken))
        {
            await tables.AddFilesAsync(files, SimulatedPeers.UserName(0));
        }

        await tracker.RestartAsync(cancellationToken);
    }

    protected override async Task<IReadOnlyList<string>> AttackAsync(SingleTracker tracker, SimulatedPeers peers, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(time);
        var answers = await WithConnectionsAsync(tracker, connections, AskAsync, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return answers;

        async Task<string> AskAsync(RawConnection connection, int number)
        {
            try
            {
                var pages = Enumerable.Range(number, Math.Max(1, files / PageSize)).Select(page => SimulatedPeers.FilesAfter($"many-{1 + (page % Pages)}"));
                var status = await connection.AskAsync(HttpMethod.Get, [.. pages], peers.TokenOf(Attacker), json: null, ending.Token);
                var isClosed = status is not null && await connection.ReadSlowlyAsync(speed, ending.Token);
                return Describe(status) + (isClosed ? ", then closed" : "");
            }
            catch (OperationCanceledException)
            {
                return $"not answered within {time.TotalSeconds:0} s";
            }
        }
    }
}
