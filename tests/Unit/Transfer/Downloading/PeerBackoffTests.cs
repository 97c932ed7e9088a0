using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class PeerBackoffTests
{
    private static readonly Hash256 Peer = Hash256.Compute([1]);

    private readonly FakeTimeProvider _clock = new();
    private readonly PeerBackoff _backoff;

    public PeerBackoffTests() => _backoff = new PeerBackoff(_clock);

    [Fact]
    public void A_peer_that_never_failed_can_be_tried() => Assert.True(_backoff.CanTry(Peer));

    [Fact]
    public void The_wait_doubles_with_each_failure_up_to_a_minute()
    {
        foreach (var seconds in new[] { 2, 4, 8, 16, 32, 60, 60, 60 })
        {
            _backoff.AddFailure(Peer);
            _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(_backoff.CanTry(Peer));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(_backoff.CanTry(Peer));
        }
    }

    [Fact]
    public void It_stays_a_minute_however_often_a_peer_fails()
    {
        for (var i = 0; i < 2000; i++)
        {
            _backoff.AddFailure(Peer);
        }

        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.True(_backoff.CanTry(Peer));
    }

    [Fact]
    public void After_a_success_it_starts_over()
    {
        _backoff.AddFailure(Peer);
        _backoff.AddFailure(Peer);
        _backoff.Reset(Peer);
        Assert.True(_backoff.CanTry(Peer));

        _backoff.AddFailure(Peer);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(_backoff.CanTry(Peer));
    }

    [Fact]
    public void Each_peer_has_its_own()
    {
        _backoff.AddFailure(Peer);

        Assert.True(_backoff.CanTry(Hash256.Compute([2])));
    }
}
