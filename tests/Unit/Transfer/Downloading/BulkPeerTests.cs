using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class BulkPeerTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Each_connection_is_reserved_once()
    {
        var peer = new BulkPeer(_clock);

        Assert.Equal(2, peer.Reserve(2));
        Assert.Equal(0, peer.Reserve(2));
        Assert.Equal(5, peer.Reserve(7));
        Assert.Equal(0, peer.Reserve(1));
    }

    [Fact]
    public void One_that_could_not_be_opened_is_reserved_again_after_ten_seconds()
    {
        var peer = new BulkPeer(_clock);
        Assert.True(peer.TryLook(Interval));
        peer.Reserve(2);
        peer.Return();

        _clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(peer.TryLook(Interval));

        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(peer.TryLook(Interval));
        Assert.Equal(1, peer.Reserve(2));
    }

    [Fact]
    public void There_is_one_look_in_an_interval()
    {
        var peer = new BulkPeer(_clock);

        Assert.True(peer.TryLook(Interval));
        Assert.False(peer.TryLook(Interval));
        _clock.Advance(Interval);
        Assert.True(peer.TryLook(Interval));
    }
}
