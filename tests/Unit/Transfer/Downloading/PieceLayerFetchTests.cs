using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class PieceLayerFetchTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TestContent _content = Make(700 * 16 * KiB, 16 * KiB);
    private readonly PieceLayerFetch _fetch;

    public PieceLayerFetchTests() => _fetch = new PieceLayerFetch(_content.Description, _clock);

    [Fact]
    public void The_layer_is_requested_in_ranges_of_512_hashes_from_one_source()
    {
        var (first, second) = (Add(1), Add(2));

        Assert.True(_fetch.TryStart(first, out var ranges));
        Assert.Equal([new HashRange(1, 0, 512), new HashRange(1, 512, 188)], ranges);
        Assert.False(_fetch.TryStart(second, out var none));
        Assert.Empty(none);
    }

    [Fact]
    public void It_is_right_once_all_ranges_have_arrived()
    {
        var source = Add(1);
        _fetch.TryStart(source, out var ranges);

        Assert.Equal(PieceLayerFetch.Result.Unfinished, Send(source, ranges[1]));
        Assert.Equal(PieceLayerFetch.Result.Right, Send(source, ranges[0]));
        Assert.Equal(_content.Layer, _fetch.Hashes);
        Assert.False(_fetch.TryStart(Add(2), out _));
    }

    [Fact]
    public void A_wrong_layer_names_its_sender_and_another_source_is_asked()
    {
        var (liar, honest) = (Add(1), Add(2));
        _fetch.TryStart(liar, out var ranges);
        Send(liar, ranges[0]);

        Assert.Equal(PieceLayerFetch.Result.Wrong, Send(liar, ranges[1], wrong: 187));

        Assert.False(_fetch.CanAsk(liar));
        Assert.False(_fetch.TryStart(liar, out _));
        Assert.True(_fetch.TryStart(honest, out ranges));
        Send(honest, ranges[0]);
        Assert.Equal(PieceLayerFetch.Result.Right, Send(honest, ranges[1]));
    }

    [Fact]
    public void A_source_that_rejects_is_not_asked_again()
    {
        var (first, second) = (Add(1), Add(2));
        _fetch.TryStart(first, out var ranges);

        _fetch.Reject(first);

        Assert.False(_fetch.TryStart(first, out _));
        Assert.False(_fetch.CanAsk(first));
        Assert.True(_fetch.TryStart(second, out _));
        // Its answer comes too late.
        Assert.Equal(PieceLayerFetch.Result.Unfinished, Send(first, ranges[0]));
    }

    [Fact]
    public void A_rejection_of_another_source_leaves_the_one_that_is_asked()
    {
        var (first, second) = (Add(1), Add(2));
        _fetch.TryStart(first, out var ranges);

        _fetch.Reject(second);
        _fetch.Lose(second);

        Send(first, ranges[0]);
        Assert.Equal(PieceLayerFetch.Result.Right, Send(first, ranges[1]));
    }

    [Fact]
    public void A_source_that_does_not_answer_is_stalled_until_it_does()
    {
        var source = Add(1);
        _fetch.TryStart(source, out var ranges);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.False(_fetch.IsStalled(source, TimeSpan.FromSeconds(10)));
        Assert.False(_fetch.IsStalled(Add(2), TimeSpan.FromSeconds(5)));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_fetch.IsStalled(source, TimeSpan.FromSeconds(10)));

        Send(source, ranges[0]);
        Assert.False(_fetch.IsStalled(source, TimeSpan.FromSeconds(10)));

        Send(source, ranges[1]);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.False(_fetch.IsStalled(source, TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void After_a_lost_source_another_one_starts_over_and_the_lost_one_is_not_asked()
    {
        var (first, second) = (Add(1), Add(2));
        _fetch.TryStart(first, out var ranges);
        Send(first, ranges[0]);

        first.IsLost = true;
        _fetch.Lose(first);

        Assert.False(_fetch.TryStart(first, out _));
        Assert.True(_fetch.TryStart(second, out ranges));
        Send(second, ranges[1]);
        Assert.Equal(PieceLayerFetch.Result.Right, Send(second, ranges[0]));
    }

    [Fact]
    public void A_peer_that_is_lost_whenever_it_is_asked_is_not_asked_for_ever()
    {
        var asked = 0;
        while (asked < 100 && Add(1) is var source && _fetch.TryStart(source, out _))
        {
            asked++;
            source.IsLost = true;
            _fetch.Lose(source);
        }

        // Once or twice happens to an honest one too.
        Assert.InRange(asked, 3, 10);
        Assert.False(_fetch.CanAsk(Add(1)));
        Assert.True(_fetch.TryStart(Add(2), out _));
    }

    [Fact]
    public void A_right_layer_is_not_asked_for_again_when_its_source_is_lost()
    {
        var (first, second) = (Add(1), Add(2));
        _fetch.TryStart(first, out var ranges);
        Send(first, ranges[0]);
        Assert.Equal(PieceLayerFetch.Result.Right, Send(first, ranges[1]));

        first.IsLost = true;
        _fetch.Lose(first);
        if (_fetch.TryStart(second, out ranges))
        {
            Send(second, ranges[0], wrong: 0);
        }

        Assert.Equal(_content.Layer, _fetch.Hashes);
    }

    [Fact]
    public void A_source_that_has_no_piece_is_not_asked()
    {
        Assert.False(_fetch.TryStart(new DownloadSource(new FakeSource(1), _clock), out _));
        Assert.False(_fetch.TryStart(new DownloadSource(new FakeSource(2), _clock) { Has = _content.None }, out _));
    }

    [Theory]
    [InlineData(1, 512)]
    [InlineData(512, 189)]
    [InlineData(1024, 1)]
    public void Hashes_that_were_not_requested_break_the_protocol(int index, int count)
    {
        var source = Add(1);
        _fetch.TryStart(source, out _);

        Assert.Throws<WireException>(() => _fetch.Receive(source, new HashRange(1, index, count), new Hash256[count]));
    }

    [Fact]
    public void More_hashes_than_are_missing_break_the_protocol()
    {
        var source = Add(1);
        _fetch.TryStart(source, out var ranges);
        Send(source, ranges[0]);

        Assert.Throws<WireException>(() => Send(source, ranges[0]));
    }

    private DownloadSource Add(int number) => new(new FakeSource(number), _clock) { Has = _content.All };

    private PieceLayerFetch.Result Send(DownloadSource source, HashRange range, int wrong = -1)
    {
        var hashes = _content.Layer.AsSpan(range.Index, range.Count).ToArray();
        if (wrong >= 0)
        {
            hashes[wrong] = default;
        }

        return _fetch.Receive(source, range, hashes);
    }
}
