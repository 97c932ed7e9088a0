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
        var pool = new SourcePool("data.bin", Hash256.Compute([255]), this, _ => { }, bulkAbove: MiB, new Random(1), NullLogger.Instance, _clock);
        var search = new SourceSearch(
            FakeDownload.NewRequest("a"),
            Hash256.Compute([1]),
            (_, _, _) =>
            {
                asked++;
                return Task.FromException<SourceLocator.Sources>(new TooManyAttemptsException("Too many requests.", TimeSpan.FromSeconds(named)));
            },
            pool, _ => Assert.Fail("It was denied."), _clock);

        search.StartIfDue(default);
        search.Hasten();
        _clock.Advance(TimeSpan.FromSeconds(seconds - 0.1));
        search.StartIfDue(default);
        Assert.Equal(1, asked);

        _clock.Advance(TimeSpan.FromSeconds(0.1));
        search.StartIfDue(default);
        Assert.Equal(2, asked);
        Assert.Equal("Too many requests.", pool.LastProblem);
    }

    Task<ISource> ISourceConnector.ConnectAsync(P2PShare.Protocol.Tracker.SourcePeer peer, SourceLocator.Sources found, CancellationToken cancellationToken) =>
        throw new InvalidOperationException();

    Task<ISource?> ISourceConnector.ConnectBulkAsync(ISource first, Func<SourceLocator.Sources?> getFound) => throw new InvalidOperationException();

    ISource? ISourceConnector.TryReuse(Hash256 fingerprint, SourceLocator.Sources found) => null;
}
