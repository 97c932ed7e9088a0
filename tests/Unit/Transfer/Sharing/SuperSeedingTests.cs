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

    // Alice has all pieces but one and reads nothing; bob is refused all of them on many channels.
    [Fact]
    public void Of_each_channel_at_most_1024_refused_pieces_are_kept()
    {
        const int Many = 16 * SuperSeeding.MaxDeferred;
        var seeding = AssignAllButOne(Many);

        foreach (var channel in Enumerable.Range(0, 16).Select(_ => new FakeChannel(2, Many)))
        {
            RefuseAll(seeding, channel, Many);
        }

        Assert.Equal(16 * SuperSeeding.MaxDeferred, seeding.DeferredCount);
    }

    // How super-seeding ends, and whether bob requests pieces or gets them from others.
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_peer_that_was_refused_more_pieces_than_are_kept_is_told_of_each_later(bool leaves, bool requests)
    {
        const int Many = 5 * SuperSeeding.MaxDeferred + 7;
        var seeding = AssignAllButOne(Many);
        var bob = new FakeChannel(2, Many);
        RefuseAll(seeding, bob, Many);
        Assert.Empty(bob.Haves);

        if (leaves)
        {
            seeding.Leave(_alice, [bob]);
        }
        else
        {
            seeding.AddHaves(_alice, Enumerable.Range(0, Many));
        }

        // It is told of more only when it has done something about the ones before.
        Assert.Equal(SuperSeeding.MaxDeferred, bob.Haves.Count);
        for (var i = 0; i < 10; i++)
        {
            if (requests)
            {
                Assert.True(seeding.TryAssign(bob, bob.Haves[i]));
            }
            else
            {
                seeding.AddHaves(bob, [bob.Haves[i]]);
                bob.Has(bob.Haves[i]);
            }
        }

        Assert.Equal(Enumerable.Range(1, Many - 1), bob.Haves.Distinct().Order().SkipWhile(piece => piece == 0));
        Assert.InRange(bob.Haves.Count, Many - 1, Many);
    }

    [Fact]
    public void A_peer_that_was_refused_more_pieces_than_are_kept_is_told_again_when_others_become_free()
    {
        const int Many = 2 * SuperSeeding.MaxDeferred;
        var seeding = new SuperSeeding(Many, _clock);
        for (var piece = 1; piece < Many; piece++)
        {
            Assert.True(seeding.TryAssign(piece % 2 == 0 ? _alice : _carol, piece));
        }

        var bob = new FakeChannel(2, Many);
        RefuseAll(seeding, bob, Many);

        seeding.Leave(_alice, [_carol, bob]);
        Assert.Equal(Enumerable.Range(0, Many).Where(piece => piece % 2 == 0), bob.Haves.Order());
        bob.Haves.ForEach(bob.Has);
        bob.Haves.Clear();
        seeding.Leave(_carol, [bob]);

        Assert.Equal(Enumerable.Range(0, Many).Where(piece => piece % 2 == 1), bob.Haves.Order());
    }

    [Fact]
    public void What_a_peer_got_elsewhere_is_not_announced_to_it()
    {
        AssignAll();
        Refuse(_bob, 0);
        Refuse(_bob, 1);

        _seeding.AddHaves(_bob, [0]);
        _seeding.Leave(_alice, [_bob]);

        Assert.Equal([1], _bob.Haves);
    }

    private SuperSeeding AssignAllButOne(int pieces)
    {
        var seeding = new SuperSeeding(pieces, _clock);
        for (var piece = 1; piece < pieces; piece++)
        {
            Assert.True(seeding.TryAssign(_alice, piece));
        }

        return seeding;
    }

    private static void RefuseAll(SuperSeeding seeding, FakeChannel channel, int pieces)
    {
        for (var piece = 1; piece < pieces; piece++)
        {
            Assert.False(seeding.TryAssign(channel, piece));
            seeding.Defer(channel, piece);
        }
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

    private sealed class FakeChannel(byte peer, int pieces = Pieces) : ISeedChannel
    {
        private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Hash256 RemoteFingerprint { get; } = Hash256.Compute([peer]);

        public Bitfield? RemoteHas { get; private set; }

        public List<int> Haves { get; } = [];

        /// <summary>Ends with the first announcement.</summary>
        public Task Told => _told.Task;

        public void Has(int piece)
        {
            RemoteHas ??= new Bitfield(pieces);
            RemoteHas.Set(piece);
        }

        public void SendHaves(ReadOnlySpan<int> pieces)
        {
            Haves.AddRange(pieces);
            _told.TrySetResult();
        }
    }
}
