namespace P2PShare.Bench.Tracker;

/// <summary>A request whose time is compared with what it counts for.</summary>
/// <param name="Permits">What it counts for against the limits of rates, as docs/operating.md has it.</param>
/// <param name="SendAsync">Sends it, and returns the length of the answer.</param>
internal sealed record CostlyRequest(string Name, int Permits, Func<CostlyUser, Task<long>> SendAsync)
{
    private const int ItemsForOnePermit = 16;
    private const int Repetition = 4;

    /// <summary>The largest ones, each behind the smallest of its kind.</summary>
    public static IReadOnlyList<CostlyRequest> All { get; } =
    [
        new("sources of 1 content", PermitsOf(1), user => user.FindSourcesAsync(1)),
        new($"sources of {CostlyUser.Contents} contents", PermitsOf(CostlyUser.Contents), user => user.FindSourcesAsync(CostlyUser.Contents)),
        new("event stream of 1 group", PermitsOf(1), user => user.OpenEventsAsync(1)),
        new($"event stream of {CostlyUser.Groups} groups", PermitsOf(CostlyUser.Groups), user => user.OpenEventsAsync(CostlyUser.Groups)),
        new(
            $"event stream of {CostlyUser.Groups} groups, an event of each repeated",
            PermitsOf(CostlyUser.Groups) + Repetition,
            user => user.RepeatEventsAsync()),
    ];

    private static int PermitsOf(int items) => 1 + (items / ItemsForOnePermit);
}
