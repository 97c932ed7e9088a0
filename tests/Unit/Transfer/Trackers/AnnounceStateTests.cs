using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>What a peer announces, and when.</summary>
public sealed class AnnounceStateTests
{
    private static readonly Guid Group = TestIds.Of("dev");

    private static readonly Hash256 A = Hash256.Compute([1]);
    private static readonly Hash256 B = Hash256.Compute([2]);

    private readonly FakeTimeProvider _clock = new();
    private readonly AnnounceState _state;

    public AnnounceStateTests() => _state = new AnnounceState(_clock, new FixedRandom(0.5));

    [Fact]
    public void The_first_announce_is_due_at_once_and_contains_everything()
    {
        _state.Hold(Group, A, isComplete: true);
        _state.Hold(Group, B, isComplete: false);

        Assert.Equal(TimeSpan.Zero, _state.TimeUntilDue());
        var batch = _state.TakeBatch();

        Assert.True(batch.IsFull);
        Assert.Equal([new(Group, A, true), new(Group, B, false)], batch.Holdings);
        Assert.Empty(batch.Removed);
    }

    [Fact]
    public void A_full_announce_is_in_the_order_of_its_groups_and_roots_over_all_batches()
    {
        for (var i = 0; i < AnnounceRequest.MaxHoldings + 100; i++)
        {
            _state.Hold(TestIds.Of(i % 2 == 0 ? "dev" : "ops"), Hash256.Compute([(byte)i, (byte)(i >> 8)]), isComplete: true);
        }

        var announced = new List<Announcement>();
        while (_state.HasPending)
        {
            var batch = _state.TakeBatch();
            announced.AddRange(batch.Holdings);
            _state.Accept(batch, new AnnounceResponse(30, Known: true, [], [], 0), isOwnRevoked: false);
        }

        Assert.Equal(AnnounceRequest.MaxHoldings + 100, announced.Count);
        Assert.Equal(announced.OrderBy(one => one.GroupId).ThenBy(one => one.PiecesRoot.ToString(), StringComparer.Ordinal), announced);
    }

    [Fact]
    public void A_peer_that_holds_nothing_is_announced_too()
    {
        Assert.True(_state.HasPending);
        var batch = _state.TakeBatch();
        Assert.True(batch.IsFull);
        Assert.Empty(batch.Changes);
    }

    [Fact]
    public void Later_announces_contain_only_changes()
    {
        _state.Hold(Group, A, isComplete: true);
        _state.Hold(Group, B, isComplete: false);
        Announce();

        _state.Hold(Group, B, isComplete: true);
        _state.Withdraw(Group, A);
        var batch = Announce();

        Assert.False(batch.IsFull);
        Assert.Equal([new(Group, B, true)], batch.Holdings);
        Assert.Equal([new(Group, A, false)], batch.Removed);
        Assert.True(_state.IsUpToDate);
    }

    [Fact]
    public void Holding_again_what_is_held_and_withdrawing_what_is_not_held_change_nothing()
    {
        _state.Hold(Group, A, isComplete: true);
        Announce();

        Assert.False(_state.Hold(Group, A, isComplete: true));
        Assert.False(_state.Withdraw(Group, B));

        Assert.True(_state.IsUpToDate);
    }

    [Fact]
    public void Only_the_first_change_brings_the_next_announce_forward()
    {
        Announce();

        Assert.True(_state.Hold(Group, A, isComplete: true));
        Assert.False(_state.Hold(Group, B, isComplete: true));
    }

    [Fact]
    public void One_holding_is_announced_for_each_group()
    {
        _state.Hold(Group, A, isComplete: true);
        _state.Hold(TestIds.Of("ops"), A, isComplete: true);
        Announce();

        _state.Withdraw(Group, A);

        Assert.Equal([new(Group, A, false)], Announce().Removed);
    }

    [Fact]
    public void More_holdings_than_fit_into_one_request_go_into_several()
    {
        var roots = Enumerable.Range(0, AnnounceRequest.MaxHoldings + 1).Select(i => Hash256.Compute(BitConverter.GetBytes(i))).ToList();
        roots.ForEach(root => _state.Hold(Group, root, isComplete: true));
        _state.Begin();

        var first = _state.TakeBatch();
        _state.Accept(first, Response(), isOwnRevoked: false);
        Assert.True(_state.HasPending);
        var second = _state.TakeBatch();
        _state.Accept(second, Response(), isOwnRevoked: false);

        Assert.Equal((true, false), (first.IsFull, second.IsFull));
        Assert.Equal((AnnounceRequest.MaxHoldings, 1), (first.Holdings.Count, second.Holdings.Count));
        Assert.Equal(roots.ToHashSet(), first.Holdings.Concat(second.Holdings).Select(holding => holding.PiecesRoot).ToHashSet());
        Assert.False(_state.HasPending);
    }

    [Fact]
    public void A_holding_that_changes_while_it_is_announced_is_announced_again()
    {
        _state.Hold(Group, A, isComplete: false);
        _state.Begin();
        var batch = _state.TakeBatch();
        _state.Hold(Group, A, isComplete: true);
        _state.Accept(batch, Response(), isOwnRevoked: false);

        Assert.True(_state.HasPending);
        Assert.Equal([new(Group, A, true)], _state.TakeBatch().Holdings);
    }

    [Fact]
    public void A_rejected_holding_is_not_announced_again()
    {
        _state.Hold(Group, A, isComplete: true);
        _state.Hold(Group, B, isComplete: true);
        _state.Begin();
        _state.Accept(_state.TakeBatch(), Response(rejected: new Announcement(Group, A, true)), isOwnRevoked: false);
        _state.End();
        _state.Fail();

        Assert.Equal([new(Group, B, true)], _state.TakeBatch().Holdings);
    }

    [Fact]
    public void Everything_is_announced_again_when_the_tracker_does_not_know_the_peer()
    {
        _state.Hold(Group, A, isComplete: true);
        Announce();
        _state.Begin();
        _state.Accept(_state.TakeBatch(), Response(known: false), isOwnRevoked: false);

        Assert.True(_state.HasPending);
        var batch = _state.TakeBatch();
        Assert.True(batch.IsFull);
        Assert.Single(batch.Holdings);
    }

    [Fact]
    public void A_full_announce_makes_the_peer_known_whatever_the_tracker_knew_before()
    {
        _state.Begin();
        _state.Accept(_state.TakeBatch(), Response(known: false), isOwnRevoked: false);
        Assert.False(_state.HasPending);
    }

    [Fact]
    public void Everything_is_announced_again_when_the_users_own_access_was_revoked()
    {
        _state.Hold(Group, A, isComplete: true);
        Announce();
        _state.Begin();
        _state.Accept(_state.TakeBatch(), Response(), isOwnRevoked: true);

        Assert.True(_state.TakeBatch().IsFull);
    }

    [Fact]
    public void Everything_is_announced_again_after_a_failure()
    {
        _state.Hold(Group, A, isComplete: true);
        _state.Hold(Group, B, isComplete: true);
        Announce();
        _state.Withdraw(Group, A);
        _state.Begin();
        _state.TakeBatch();
        _state.Fail();

        var batch = _state.TakeBatch();
        Assert.True(batch.IsFull);
        Assert.Equal([new(Group, B, true)], batch.Holdings);
        Assert.Empty(batch.Removed);
    }

    [Theory]
    [InlineData(0.0, 16)]
    [InlineData(0.5, 18)]
    [InlineData(0.999999, 20)]
    public void Heartbeats_are_spread_over_the_last_fifth_of_the_interval(double random, int seconds)
    {
        var state = new AnnounceState(_clock, new FixedRandom(random));
        Announce(state, interval: 20);

        Assert.Equal(seconds, Math.Round(state.TimeUntilDue().TotalSeconds, 3));
    }

    [Theory]
    [InlineData(-5, 0.9)]
    [InlineData(1_000_000, 3240)]
    public void The_trackers_interval_is_bounded(int interval, double seconds)
    {
        Announce(_state, interval);
        Assert.Equal(seconds, Math.Round(_state.TimeUntilDue().TotalSeconds, 3));
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(45, 45)]
    [InlineData(int.MinValue, 1)]
    [InlineData(0, 1)]
    [InlineData(int.MaxValue, 7200)]
    public void The_time_of_the_next_announce_is_the_trackers_within_bounds(int next, double seconds)
    {
        Announce(_state, interval: 30, next);
        Assert.Equal(seconds, _state.TimeUntilDue().TotalSeconds);
    }

    [Fact]
    public void A_time_that_the_tracker_named_counts_once()
    {
        Announce(_state, interval: 20, next: 5);
        Announce(_state, interval: 20);

        Assert.Equal(TimeSpan.FromSeconds(18), _state.TimeUntilDue());
    }

    [Fact]
    public void Changes_within_a_tenth_of_a_second_are_announced_together()
    {
        Announce();
        _clock.Advance(TimeSpan.FromMilliseconds(30));
        _state.Hold(Group, A, isComplete: true);
        Assert.Equal(TimeSpan.FromMilliseconds(70), _state.TimeUntilDue());

        _clock.Advance(TimeSpan.FromMilliseconds(70));
        _state.Hold(Group, B, isComplete: true);
        Assert.Equal(TimeSpan.Zero, _state.TimeUntilDue());
        Assert.Equal(2, _state.TakeBatch().Holdings.Count);
    }

    [Fact]
    public void A_caller_that_waits_brings_changes_forward_once()
    {
        Announce();
        _state.Hold(Group, A, isComplete: true);
        Assert.True(_state.Expedite());
        Assert.False(_state.Expedite());
        Assert.Equal(TimeSpan.Zero, _state.TimeUntilDue());

        Announce();
        _state.Hold(Group, B, isComplete: true);
        Assert.Equal(TimeSpan.FromMilliseconds(100), _state.TimeUntilDue());
    }

    [Fact]
    public void A_caller_that_waits_without_a_change_brings_nothing_forward()
    {
        Announce(_state, interval: 20);
        _state.Expedite();
        Assert.Equal(TimeSpan.FromSeconds(18), _state.TimeUntilDue());
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(0.5, 10)]
    [InlineData(0.999999, 20)]
    public void Another_tracker_is_announced_to_at_any_time_of_the_interval(double random, double seconds)
    {
        var state = new AnnounceState(_clock, new FixedRandom(random));
        Announce(state, interval: 20, next: 30);

        state.TrackerMoved();

        Assert.Equal(seconds, Math.Round(state.TimeUntilDue().TotalSeconds, 3));
    }

    [Fact]
    public void A_later_move_does_not_postpone_an_earlier_one()
    {
        Announce(_state, interval: 20);
        _state.TrackerMoved();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _state.TrackerMoved();

        Assert.Equal(TimeSpan.FromSeconds(9), _state.TimeUntilDue());
    }

    [Fact]
    public void An_announce_that_begins_after_a_move_is_enough_for_it()
    {
        Announce(_state, interval: 20);
        _state.TrackerMoved();
        Announce(_state, interval: 20);

        Assert.Equal(TimeSpan.FromSeconds(18), _state.TimeUntilDue());
    }

    [Fact]
    public void A_move_during_an_announce_needs_another_one()
    {
        _state.Begin();
        var batch = _state.TakeBatch();
        _state.TrackerMoved();
        _state.Accept(batch, Response(interval: 20), isOwnRevoked: false);
        _state.End();

        Assert.InRange(_state.TimeUntilDue(), TimeSpan.Zero, TimeSpan.FromSeconds(15));
    }

    [Fact]
    public void A_failed_announce_is_postponed_with_growing_delays_whatever_happens_meanwhile()
    {
        Announce();
        var delays = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            _state.Begin();
            _state.TakeBatch();
            _state.Fail();
            Assert.Equal(i == 0, _state.Postpone(TimeSpan.Zero));
            _state.Hold(Group, Hash256.Compute(BitConverter.GetBytes(i)), isComplete: true);
            _state.TrackerMoved();
            _state.Expedite();
            delays.Add(_state.TimeUntilDue().TotalSeconds);
            _clock.Advance(_state.TimeUntilDue());
        }

        Assert.Equal([1, 2, 4, 8, 16, 30, 30, 30], delays);
        Announce();
        _state.Fail();
        Assert.True(_state.Postpone(TimeSpan.Zero));
    }

    [Fact]
    public void The_time_that_a_tracker_named_to_all_is_not_undercut_and_the_peers_are_spread_after_it()
    {
        _state.Fail();
        _state.Postpone(TimeSpan.FromSeconds(40));
        Assert.Equal(TimeSpan.FromSeconds(41), _state.TimeUntilDue());

        _state.Postpone(TimeSpan.FromSeconds(0.5));
        Assert.Equal(TimeSpan.FromSeconds(2.5), _state.TimeUntilDue());
    }

    [Fact]
    public void It_is_up_to_date_only_after_the_announce_has_ended()
    {
        _state.Begin();
        _state.Accept(_state.TakeBatch(), Response(), isOwnRevoked: false);
        Assert.False(_state.IsUpToDate);
        _state.End();
        Assert.True(_state.IsUpToDate);
    }

    private static AnnounceResponse Response(int interval = 30, bool known = true, params Announcement[] rejected) => new(interval, known, rejected, [], RevocationsAfter: 0);

    private static AnnounceBatch Announce(AnnounceState state, int interval, int? next = null)
    {
        state.Begin();
        var batch = state.TakeBatch();
        state.Accept(batch, Response(interval) with { NextAnnounceSeconds = next }, isOwnRevoked: false);
        state.End();
        return batch;
    }

    private AnnounceBatch Announce() => Announce(_state, interval: 30);
}
