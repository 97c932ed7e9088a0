using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class SourceSearchTests : ISourceConnector
{
    private readonly FakeTimeProvider _clock = new();

    [Theory]
    [InlineData(40, 40)]
    [InlineData(100_000, 300)]
    public void The_time_that_a_tracker_named_is_not_undercut_even_without_a_source(int named, int seconds)
    {
        var asked = 0;
        var pool = NewPool();
        var search = NewSearch(pool, () =>
        {
            asked++;
            return Task.FromException<SourceLocator.Sources>(new TooManyAttemptsException("Too many requests.", TimeSpan.FromSeconds(named)));
        });

        search.StartIfDue(default);
        search.Hasten();
        _clock.Advance(TimeSpan.FromSeconds(seconds - 0.1));
        search.StartIfDue(default);
        Assert.Equal(1, asked);
        Assert.True(search.HasAskedSince(_clock.GetTimestamp()), "the tracker asked for a pause");

        _clock.Advance(TimeSpan.FromSeconds(0.1));
        search.StartIfDue(default);
        Assert.Equal(2, asked);
        Assert.Equal("Too many requests.", pool.LastProblem);
    }

    [Fact]
    public async Task A_look_up_counts_as_asked_when_it_has_ended()
    {
        var answers = new Queue<TaskCompletionSource<SourceLocator.Sources>>();
        var search = NewSearch(NewPool(), () =>
        {
            answers.Enqueue(new TaskCompletionSource<SourceLocator.Sources>());
            return answers.Peek().Task;
        });
        var before = _clock.GetTimestamp();

        search.StartIfDue(default);
        Assert.False(search.HasAskedSince(before), "there is no answer yet");
        _clock.Advance(TimeSpan.FromSeconds(1));
        var lost = _clock.GetTimestamp();
        answers.Dequeue().SetException(new P2PShareException(ErrorCode.TrackerUnreachable, "Unreachable."));
        await search.WaitAsync();

        Assert.True(search.HasAskedSince(before), "the look-up has failed");
        Assert.False(search.HasAskedSince(lost), "it began before");
    }

    [Fact]
    public async Task A_look_up_that_fails_in_an_unexpected_way_has_ended_too()
    {
        var search = NewSearch(NewPool(), () => Task.FromException<SourceLocator.Sources>(new ArgumentException("One content was answered twice.")));
        var before = _clock.GetTimestamp();

        search.StartIfDue(default);
        await search.WaitAsync();

        Assert.True(search.HasAskedSince(before));
    }

    private SourcePool NewPool() =>
        new("data.bin", Hash256.Compute([255]), this, _ => { }, bulkAbove: MiB, new Random(1), NullLogger.Instance, _clock);

    private SourceSearch NewSearch(SourcePool pool, Func<Task<SourceLocator.Sources>> find) => new(
        FakeDownload.NewRequest("a"), Hash256.Compute([1]), (_, _, _) => find(), pool, _ => Assert.Fail("It was denied."), _clock);

    Task<ISource> ISourceConnector.ConnectAsync(P2PShare.Protocol.Tracker.SourcePeer peer, SourceLocator.Sources found, CancellationToken cancellationToken) =>
        throw new InvalidOperationException();

    Task<ISource?> ISourceConnector.ConnectBulkAsync(ISource first, Func<SourceLocator.Sources?> getFound) => throw new InvalidOperationException();

    ISource? ISourceConnector.TryReuse(Hash256 fingerprint, SourceLocator.Sources found) => null;
}
