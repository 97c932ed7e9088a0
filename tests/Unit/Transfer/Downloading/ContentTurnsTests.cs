using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class ContentTurnsTests
{
    private readonly ContentTurns _turns = new();
    private readonly DownloadRequest _one = Request("dev", Make(100_000, 64 * KiB));

    [Fact]
    public async Task Comparisons_of_one_content_follow_each_other()
    {
        var first = await CompareAsync();
        var second = CompareAsync();
        var third = CompareAsync();
        Assert.False(second.IsCompleted || third.IsCompleted);

        first.Dispose();
        var turn = await second;
        Assert.False(third.IsCompleted);
        turn.Dispose();
        (await third).Dispose();
    }

    [Fact]
    public async Task Other_contents_and_other_groups_are_not_waited_for()
    {
        using var first = await CompareAsync();

        using var group = await CompareAsync(Request("ops", Make(100_000, 64 * KiB)));
        using var content = await CompareAsync(Request("dev", Make(100_001, 64 * KiB)));

        Assert.False(first.Interrupted.IsCancellationRequested);
    }

    [Fact]
    public async Task A_download_interrupts_the_comparison_and_comparisons_wait_for_all_downloads()
    {
        var before = await CompareAsync();
        var download = await _turns.BeginDownloadAsync(_one);
        var other = await _turns.BeginDownloadAsync(_one);
        Assert.True(before.Interrupted.IsCancellationRequested);

        var after = CompareAsync();
        before.Dispose();
        download.Dispose();
        Assert.False(after.IsCompleted);
        other.Dispose();

        Assert.False((await after).Interrupted.IsCancellationRequested);
    }

    [Fact]
    public async Task One_that_is_cancelled_is_passed_over()
    {
        using var stop = new CancellationTokenSource();
        var first = await CompareAsync();
        var second = _turns.BeginComparisonAsync(_one, stop.Token);
        var third = CompareAsync();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(third.IsCompleted);
        first.Dispose();
        (await third).Dispose();
        (await CompareAsync()).Dispose();
    }

    private static DownloadRequest Request(string group, TestContent content) =>
        new(TestIds.Group(group), "data.bin", content.Description, "/folder/data.bin", Overwrite: true);

    private Task<ComparisonTurn> CompareAsync(DownloadRequest? request = null) =>
        _turns.BeginComparisonAsync(request ?? _one, CancellationToken.None);
}
