using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class ChunkMapFetchTests
{
    private const int Total = ChunkMap.HeaderLength + 58_300 * ChunkMap.EntryLength;

    private readonly FakeTimeProvider _clock = new();
    private readonly TestContent _content = TestContent.Make(1024 * 1024, 512 * 1024);
    private readonly ChunkMapFetch _fetch;

    public ChunkMapFetchTests() => _fetch = new ChunkMapFetch(new ContentDescription(1L << 30, PieceLength.Min, _content.Description.PiecesRoot), _clock);

    [Fact]
    public void A_source_that_sends_a_part_now_and_then_is_given_up_within_seconds()
    {
        var (slow, other) = (Add(1), Add(2));
        DownloadSource[] sources = [slow, other];
        _fetch.Send(sources, known: 2);
        var asked = ((FakeSource)slow.Peer).MapRequests.Count > 0 ? slow : other;
        var begun = _clock.GetUtcNow();

        for (var part = 0; Requests(asked == slow ? other : slow) == 0; part++)
        {
            Assert.InRange(_clock.GetUtcNow() - begun, TimeSpan.Zero, TimeSpan.FromSeconds(15));
            _clock.Advance(TimeSpan.FromSeconds(4.9));
            _fetch.Send(sources, known: 2);
            if (Requests(asked == slow ? other : slow) == 0)
            {
                Answer(asked, part);
            }
        }

        Assert.False(_fetch.Completion.IsCompleted);
    }

    [Fact]
    public void A_source_that_is_fast_enough_is_asked_to_the_end()
    {
        var source = Add(1);
        _fetch.Send([source], known: 1);

        for (var part = 0; part < Total / MapRange.MaxCount; part++)
        {
            _clock.Advance(TimeSpan.FromSeconds(0.09));
            _fetch.Send([source], known: 1);
            Answer(source, part);
            _fetch.Send([source], known: 1);
        }

        Assert.False(_fetch.Completion.IsCompleted);
        Assert.Equal(Total / MapRange.MaxCount + 1, Requests(source));
    }

    [Fact]
    public void Sources_that_never_answer_hold_nothing_back_for_longer_than_ten_seconds()
    {
        DownloadSource[] sources = [.. Enumerable.Range(1, 8).Select(Add)];
        // Before any is connected there is nothing to fetch from.
        _fetch.Send([], known: 8);
        _clock.Advance(TimeSpan.FromMinutes(1));
        _fetch.Send(sources, known: 8);
        Assert.False(_fetch.Completion.IsCompleted);

        for (var waited = 0; waited < 41; waited++)
        {
            _clock.Advance(TimeSpan.FromSeconds(0.25));
            _fetch.Send(sources, known: 8);
        }

        Assert.True(_fetch.Completion.IsCompletedSuccessfully);
        Assert.InRange(sources.Count(source => Requests(source) > 0), 2, 2);
    }

    [Fact]
    public void Only_the_source_that_is_asked_counts_when_it_is_lost()
    {
        var first = Add(1);
        _fetch.Send([first], known: 20);
        foreach (var number in Enumerable.Range(2, ChunkMapFetch.MaxSources))
        {
            _fetch.Reject(Add(number));
        }

        _fetch.Reject(first);
        var next = Add(30);
        _fetch.Send([next], known: 20);

        Assert.Equal(1, Requests(next));
        Assert.False(_fetch.Completion.IsCompleted);
    }

    private static int Requests(DownloadSource source) => ((FakeSource)source.Peer).MapRequests.Count;

    private void Answer(DownloadSource source, int part) => _fetch.Receive(
        source, new MapHeader(source.Peer.ChannelId, Total, part * MapRange.MaxCount), new byte[Math.Min(MapRange.MaxCount, Total - part * MapRange.MaxCount)]);

    private DownloadSource Add(int number)
    {
        var has = new Bitfield(2);
        has.SetAll();
        return new DownloadSource(new FakeSource(number), _clock) { Has = has };
    }
}
