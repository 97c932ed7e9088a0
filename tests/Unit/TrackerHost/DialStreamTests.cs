using P2PShare.Protocol;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Unit.TrackerHost;

public sealed class DialStreamTests
{
    private readonly DialStream _stream = new(new CurrentUser(1, Guid.NewGuid(), Guid.NewGuid(), "bob", "hash", DateTimeOffset.MaxValue), Hash256.Compute([1]));

    [Fact]
    public void One_user_takes_a_part_of_a_second_and_the_rest_is_for_others()
    {
        Assert.Equal(DialStream.MaxPerUserAndSecond, Add(asker: 1, second: 0, times: 100));
        Assert.Equal(DialStream.MaxPerUserAndSecond, Add(asker: 2, second: 0, times: 100));

        Assert.Equal(DialStream.MaxPerUserAndSecond, Add(asker: 1, second: 1, times: 100));
    }

    [Fact]
    public void All_users_together_take_no_more_than_a_second_allows()
    {
        Assert.Equal(DialStream.MaxPerSecond, Enumerable.Range(0, 100).Sum(asker => Add(asker, second: 0, times: 1)));
        Assert.Equal(1, Add(asker: 0, second: 1, times: 1));
    }

    [Fact]
    public void What_a_response_does_not_send_is_bounded()
    {
        var added = Enumerable.Range(0, 100).Sum(second => Add(asker: 1, second, times: 1));

        Assert.Equal(DialStream.MaxWaiting, added);
        Assert.Equal(DialStream.MaxWaiting, _stream.Waiting.Count);
    }

    [Fact]
    public void A_heartbeat_waits_once_and_not_beside_a_request()
    {
        _stream.AddHeartbeat();
        _stream.AddHeartbeat();
        Assert.Equal(1, _stream.Waiting.Count);
        Assert.True(_stream.Waiting.TryRead(out var item));
        Assert.Null(item);

        Add(asker: 1, second: 0, times: 1);
        _stream.AddHeartbeat();
        Assert.Equal(1, _stream.Waiting.Count);
    }

    [Fact]
    public void A_heartbeat_does_not_renew_what_a_second_allows()
    {
        Add(asker: 1, second: 0, times: DialStream.MaxPerUserAndSecond);

        _stream.AddHeartbeat();

        Assert.Equal(0, Add(asker: 1, second: 0, times: 1));
    }

    [Fact]
    public async Task An_ended_stream_takes_nothing_and_sends_what_waits()
    {
        Add(asker: 1, second: 0, times: 1);
        _stream.End();

        Assert.Equal(0, Add(asker: 1, second: 1, times: 1));
        Assert.Equal("dial", await _stream.Waiting.ReadAsync());
        Assert.False(await _stream.Waiting.WaitToReadAsync());
    }

    private int Add(long asker, long second, int times) => Enumerable.Range(0, times).Count(_ => _stream.TryAdd("dial", asker, second));
}
