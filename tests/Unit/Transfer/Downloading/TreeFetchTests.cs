using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Walks of pieces of which nothing is known: a step of 8 nodes and one of 64 for each.</summary>
public sealed class TreeFetchTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TestContent _content = Make(20 * MiB, MiB);
    private readonly List<TreeWalk> _ended = [];
    private readonly TreeFetch _fetch;
    private readonly ZeroTrees _zeros;
    private readonly Dictionary<DownloadSource, int> _answered = [];

    public TreeFetchTests() => (_fetch, _zeros) = (new TreeFetch(_content.Description, _clock, _ended.Add), new ZeroTrees(_content.Description));

    [Fact]
    public void Walks_of_many_pieces_share_the_sources_and_end()
    {
        DownloadSource[] sources = [Add(1), Add(2)];
        for (var piece = 0; piece < 20; piece++)
        {
            Begin(piece);
        }

        while (_ended.Count < 20)
        {
            _fetch.Send(sources);
            Assert.All(sources, source => AnswerAll(source));
        }

        Assert.All(_ended, walk => Assert.True(walk.IsComplete));
        Assert.Equal(Enumerable.Range(0, 20), _ended.Select(walk => walk.Piece).Order());
        Assert.All(sources, source => Assert.InRange(Requests(source).Count, 15, 25));
        Assert.All(Requests(sources[1]), range => Assert.Equal(2u, range.Channel));
    }

    [Fact]
    public void A_source_has_at_most_64_requests_waiting()
    {
        var content = Make(100 * 64 * KiB, 64 * KiB);
        var fetch = new TreeFetch(content.Description, _clock, _ended.Add);
        var zeros = new ZeroTrees(content.Description);
        for (var piece = 0; piece < 100; piece++)
        {
            fetch.Add(new TreeWalk(piece, content.Layer[piece], zeros.Of(piece), old: null));
        }

        var source = new DownloadSource(new FakeSource(1), _clock) { Has = content.All };
        fetch.Send([source]);
        Assert.Equal(64, Requests(source).Count);

        fetch.Reject(source, Requests(source)[0]);
        fetch.Send([source]);

        Assert.Equal(65, Requests(source).Count);
    }

    [Fact]
    public void What_a_source_rejects_is_asked_of_another_one_and_given_up_when_all_have()
    {
        DownloadSource[] sources = [Add(1), Add(2)];
        Begin(3);
        _fetch.Send(sources);
        var first = sources.Single(source => Requests(source).Count == 1);
        var second = sources.Single(source => source != first);

        _fetch.Reject(first, Requests(first)[0]);
        _fetch.Send(sources);
        Assert.Equal((1, 1), (Requests(first).Count, Requests(second).Count));
        _fetch.Reject(second, Requests(second)[0]);
        _fetch.Send(sources);

        Assert.False(Assert.Single(_ended).IsComplete);
        Assert.Equal((1, 1), (Requests(first).Count, Requests(second).Count));
    }

    [Fact]
    public void A_wrong_answer_is_found_and_another_source_asked()
    {
        DownloadSource liar = Add(1), honest = Add(2);
        Begin(3);
        _fetch.Send([liar]);

        Assert.False(Answer(liar, Requests(liar)[0], isWrong: true));

        // It is about to be banned, and no other one is connected yet: nothing is given up.
        _fetch.Send([liar]);
        Assert.Empty(_ended);
        Assert.Single(Requests(liar));

        _fetch.Lose(liar);
        while (_ended.Count == 0)
        {
            _fetch.Send([honest]);
            AnswerAll(honest);
        }

        Assert.True(_ended[0].IsComplete);
    }

    [Fact]
    public void What_was_not_requested_breaks_the_protocol()
    {
        DownloadSource asked = Add(1), other = Add(2);
        Begin(3);
        _fetch.Send([asked]);
        var range = Requests(asked)[0];

        Assert.Throws<WireException>(() => Answer(other, range));
        Assert.Throws<WireException>(() => Answer(asked, range with { Count = range.Count - 1 }));
        Assert.Throws<WireException>(() => _fetch.Reject(other, range));
        Answer(asked, range);
        Assert.Throws<WireException>(() => Answer(asked, range));
    }

    [Fact]
    public void A_silent_source_is_replaced_and_its_late_answer_is_no_error()
    {
        DownloadSource silent = Add(1), other = Add(2);
        Begin(3);
        _fetch.Send([silent]);
        _clock.Advance(TreeFetch.AnswerTimeout);
        _fetch.Expire(hasSources: true);
        _fetch.Send([other]);
        Assert.Empty(Requests(other));

        _clock.Advance(TimeSpan.FromSeconds(1));
        _fetch.Expire(hasSources: true);
        _fetch.Send([silent, other]);
        Assert.Equal((1, 1), (Requests(silent).Count, Requests(other).Count));

        Assert.True(Answer(silent, Requests(silent)[0]));
        Assert.True(Answer(other, Requests(other)[0]));
        while (_ended.Count == 0)
        {
            _fetch.Send([other]);
            AnswerAll(other);
        }

        Assert.True(_ended[0].IsComplete);
    }

    [Fact]
    public void A_walk_is_given_up_after_half_a_minute_unless_there_is_no_source_at_all()
    {
        Begin(3);
        _fetch.Send([]);
        _clock.Advance(TimeSpan.FromMinutes(5));
        _fetch.Expire(hasSources: false);
        Assert.Empty(_ended);

        _fetch.Expire(hasSources: true);

        Assert.False(Assert.Single(_ended).IsComplete);
    }

    private static List<TreeRange> Requests(DownloadSource source) => ((FakeSource)source.Peer).TreeRequests;

    private void Begin(int piece) => _fetch.Add(new TreeWalk(piece, _content.Layer[piece], _zeros.Of(piece), old: null));

    private DownloadSource Add(int number) => new(new FakeSource(number), _clock) { Has = _content.All };

    private void AnswerAll(DownloadSource source)
    {
        var answered = _answered.GetValueOrDefault(source);
        foreach (var range in Requests(source).Skip(answered).ToArray())
        {
            Assert.True(Answer(source, range));
        }
    }

    private bool Answer(DownloadSource source, TreeRange range, bool isWrong = false)
    {
        _answered[source] = _answered.GetValueOrDefault(source) + 1;
        var piece = PieceTree.FindPiece(_content.Description, range.Height, range.Index, range.Count)!.Value;
        var hashes = _content.TreeOf(piece).Layer(range.Height)
            .Slice(range.Index - PieceTree.FirstNode(_content.Description, piece, range.Height), range.Count).ToArray();
        hashes[0] = isWrong ? Hash256.Compute([1]) : hashes[0];
        return _fetch.Receive(source, range, hashes);
    }
}
