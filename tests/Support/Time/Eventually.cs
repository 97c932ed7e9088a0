using System.Diagnostics;

namespace P2PShare.Support;

/// <summary>Waits for a condition instead of for a time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Returns once <paramref name="condition"/> holds; fails the test with <paramref name="what"/> if it does not within the deadline.</summary>
    /// <param name="within">Null: 30 seconds.</param>
    public static Task HoldsAsync(Func<bool> condition, string what, TimeSpan? within = null) =>
        HoldsAsync(() => Task.FromResult(condition()), what, within);

    /// <inheritdoc cref="HoldsAsync(Func{bool}, string, TimeSpan?)"/>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        var watch = Stopwatch.StartNew();
        var deadline = within ?? Deadline;
        while (!await condition())
        {
            Assert.True(watch.Elapsed < deadline, $"After {deadline.TotalSeconds} seconds still not: {what}");
            await Task.Delay(10);
        }
    }
}
