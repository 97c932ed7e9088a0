using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Unit.Transfer.Sharing;

public sealed class SuperSeedingTests
{
    private const int Pieces = 4;

    private readonly FakeTimeProvider _clock = new();
    private readonly SuperSeeding _seeding;
    private readonly FakeChannel _alice = new(1);
    private readonly FakeChannel _bob = new(2);
    private readonly FakeChannel _carol = new(3);

    public SuperSeedingTests() => _seeding = new SuperSeeding(Pieces, _clock);

    [Fact]
    public void A_piece_goes_to_the_first_peer_that_requests_it_and_to_no_other()
    {
        Assert.True(_seeding.TryAssign(_alice, 0));
        Assert.True(_seeding.TryAssign(_alice, 0));
        Assert.False(_seeding.TryAssign(_bob, 0));
        Assert.True(_seeding.TryAssign(_bob, 1));
    }

    [Fact]
    public void Two_channels_of_one_peer_share_its_pieces()
    {
        Assert.True(_seeding.TryAssign(_alice, 0));
        Assert.True(_seeding.TryAssign(new FakeChannel(1), 0));
    }

    [Fact]
    public void A_deferred_piece_is_announced_when_its_peer_leaves()
    {
        Assert.True(_seeding.TryAssign(_alice, 0));
        Refuse(_bob, 0);
        Assert.Empty(_bob.Haves);

        _seeding.Leave(_alice, [_bob]);

        Assert.Equal([0], _bob.Haves);
        Assert.True(_seeding.TryAssign(_bob, 0));
    }

    [Fact]
    public void A_piece_that_another_peer_has_stays_assigned_when_its_peer_leaves()
    {
        Assert.True(_seeding.TryAssign(_alice, 0));
        Refuse(_bob, 0);
        _carol.Has(0);

        _seeding.Leave(_alice, [_bob, _carol]);

        Assert.Empty(_bob.Haves);
        Assert.False(_seeding.TryAssign(_bob, 0));
        Assert.True(_seeding.TryAssign(_carol, 0));
    }

    [Fact]
    public void A_peer_that_keeps_another_channel_keeps_its_pieces()
    {
        Assert.True(_seeding.TryAssign(_alice, 0));

        _seeding.Leave(_alice, [new FakeChannel(1), _bob]);

        Assert.False(_seeding.TryAssign(_bob, 0));
    }

    [Fact]
    public void What_was_deferred_for_a_peer_that_left_is_not_announced_to_it()
    {
        Assert.True(_seeding.TryAssign(_alice, 0));
        Refuse(_bob, 0);
        _seeding.Leave(_bob, [_alice]);

        _seeding.Leave(_alice, []);

        Assert.Empty(_bob.Haves);
    }

    [Fact]
    public void A_piece_that_became_free_before_it_was_deferred_is_announced_at_once()
    {
        Assert.True(_seeding.TryAssign(_alice, 0));
        Assert.False(_seeding.TryAssign(_bob, 0));
        _seeding.Leave(_alice, [_bob]);

        _seeding.Defer(_bob, 0);

        Assert.Equal([0], _bob.Haves);
    }

    [Fact]
    public void It_ends_when_every_piece_is_out()
    {
        AssignAll();
        Refuse(_bob, 0);
        Refuse(_bob, 2);
        Refuse(_carol, 1);

        _seeding.AddHaves(_alice, [0, 1, 2]);
        Assert.Empty(_bob.Haves);
        _seeding.AddHaves(_carol, [3]);

        Assert.Equal([0, 2], _bob.Haves.Order());
        Assert.Equal([1], _carol.Haves);
        Assert.True(_seeding.TryAssign(_bob, 0));
    }

    [Fact]
    public void Pieces_that_a_peer_had_already_are_out_without_being_assigned()
    {
        _seeding.AddHaves(_alice, [0, 1]);

        Assert.False(_seeding.TryAssign(_bob, 0));
        Assert.True(_seeding.TryAssign(_alice, 0));
        _seeding.AddHaves(_alice, [1, 2, 3]);
        Assert.True(_seeding.TryAssign(_bob, 0));
    }

    [Fact]
    public async Task Slow_peers_are_waited_for_no_longer_than_its_patience()
    {
        AssignAll();
        Refuse(_bob, 0);
        _clock.Advance(SuperSeeding.Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(_seeding.TryAssign(_bob, 1));

        _clock.Advance(TimeSpan.FromMilliseconds(1));

        await _bob.Told.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([0], _bob.Haves);
        Assert.True(_seeding.TryAssign(_bob, 1));
    }

    [Fact]
    public async Task Patience_does_not_end_it_while_a_piece_is_unassigned()
    {
        AssignAll();
        _seeding.Leave(_alice, [_bob]);
        _clock.Advance(SuperSeeding.Patience);

        Assert.True(_seeding.TryAssign(_bob, 0));
        Refuse(_carol, 0);
        // All are assigned again, and its patience begins again.
        for (var piece = 1; piece < Pieces; piece++)
        {
            Assert.True(_seeding.TryAssign(_bob, piece));
        }

        _clock.Advance(SuperSeeding.Patience);

        await _carol.Told.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([0], _carol.Haves);
    }

    [Fact]
    public void It_begins_again_for_a_piece_that_only_a_peer_had_that_left()
    {
        AssignAll();
        _seeding.AddHaves(_alice, [0, 1, 2, 3]);
        Assert.True(_seeding.TryAssign(_bob, 0));

        _seeding.Leave(_alice, [_bob]);

        Assert.True(_seeding.TryAssign(_bob, 0));
        Refuse(_carol, 0);
        _seeding.AddHaves(_bob, [0, 1, 2, 3]);
        Assert.Equal([0], _carol.Haves);
    }

    private void AssignAll()
    {
        for (var piece = 0; piece < Pieces; piece++)
        {
            Assert.True(_seeding.TryAssign(_alice, piece));
        }
    }

    private void Refuse(FakeChannel channel, int piece)
    {
        Assert.False(_seeding.TryAssign(channel, piece));
        _seeding.Defer(channel, piece);
    }

    private sealed class FakeChannel(byte peer) : ISeedChannel
    {
        private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Hash256 RemoteFingerprint { get; } = Hash256.Compute([peer]);

        public Bitfield? RemoteHas { get; private set; }

        public List<int> Haves { get; } = [];

        /// <summary>Ends with the first announcement.</summary>
        public Task Told => _told.Task;

        public void Has(int piece)
        {
            RemoteHas ??= new Bitfield(Pieces);
            RemoteHas.Set(piece);
        }

        public void SendHaves(ReadOnlySpan<int> pieces)
        {
            Haves.AddRange(pieces);
            _told.TrySetResult();
        }
    }
}
