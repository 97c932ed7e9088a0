using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class RequestSchedulerTests
{
    [Fact]
    public void A_piece_is_requested_in_order_from_one_source()
    {
        var driver = new SchedulerDriver(Make(4 * MiB, MiB));
        var source = driver.Add();

        var ranges = driver.TakeAll(source);

        Assert.Equal(4, ranges.Count);
        Assert.Single(ranges.Select(range => range.Piece).Distinct());
        Assert.Equal([0, 256 * KiB, 512 * KiB, 768 * KiB], ranges.Select(range => range.Begin));
        Assert.All(ranges, range => Assert.Equal((source.Peer.ChannelId, 256 * KiB), (range.Channel, range.Count)));
    }

    [Fact]
    public void Two_sources_fetch_different_pieces()
    {
        var driver = new SchedulerDriver(Make(4 * MiB, MiB));
        var (first, second) = (driver.Add(), driver.Add());

        Assert.NotEqual(driver.Take(first).Piece, driver.Take(second).Piece);
        Assert.Equal(driver.Take(first).Begin, driver.Take(second).Begin);
    }

    [Fact]
    public void Only_pieces_that_a_source_has_are_requested_from_it()
    {
        var content = Make(4 * MiB, MiB);
        var driver = new SchedulerDriver(content, content.Having(0));
        var source = driver.Add(content.Having(0, 2));

        Assert.All(driver.TakeAll(source), range => Assert.Equal(2, range.Piece));
        driver.Scheduler.AddHaves(source, [3, 3]);
        driver.Send(source, new BlockRange(1, 2, 0, 256 * KiB));
        Assert.Equal(3, driver.Take(source).Piece);
    }

    [Fact]
    public void A_source_is_interesting_while_it_has_a_piece_that_is_not_verified()
    {
        var content = Make(2 * 64 * KiB, 64 * KiB);
        var driver = new SchedulerDriver(content, content.Having(0));
        var useless = driver.Add(content.Having(0));
        var useful = driver.Add();

        Assert.False(driver.Scheduler.IsInteresting(useless));
        Assert.True(driver.Scheduler.IsInteresting(useful));

        var range = driver.Take(useful);
        Assert.True(driver.Scheduler.IsInteresting(useful));
        driver.Verify(driver.Send(useful, range).Whole);
        Assert.False(driver.Scheduler.IsInteresting(useful));
    }

    [Fact]
    public void A_source_without_a_bitfield_gets_no_request()
    {
        var driver = new SchedulerDriver(Make(MiB, MiB));
        var source = new DownloadSource(new FakeSource(1), driver.Clock);

        Assert.False(driver.Scheduler.TryTakeNext(source, out _));
        Assert.False(driver.Scheduler.IsInteresting(source));
    }

    [Fact]
    public void The_piece_of_a_lost_source_is_continued_before_another_is_started()
    {
        var driver = new SchedulerDriver(Make(8 * MiB, MiB));
        var (lost, other) = (driver.Add(), driver.Add());
        var ranges = driver.TakeAll(lost);
        Assert.Equal(2, ranges.Count);
        driver.Send(lost, ranges[0]);

        driver.Scheduler.Remove(lost);

        var piece = ranges[0].Piece;
        Assert.Equal([(piece, 256 * KiB), (piece, 512 * KiB), (piece, 768 * KiB)], driver.TakeAll(other).Take(3).Select(range => (range.Piece, range.Begin)));
        Assert.Equal(0, lost.PendingBytes);
        Assert.False(driver.Scheduler.TryTakeNext(lost, out _));
    }

    [Fact]
    public void An_orphaned_piece_waits_for_a_source_that_has_it()
    {
        var content = Make(8 * MiB, MiB);
        var driver = new SchedulerDriver(content);
        var lost = driver.Add(content.Having(5));
        driver.Send(lost, driver.Take(lost));
        driver.Scheduler.Remove(lost);

        Assert.NotEqual(5, driver.Take(driver.Add(content.Having(0, 1))).Piece);
        var next = driver.Take(driver.Add());
        Assert.Equal((5, 256 * KiB), (next.Piece, next.Begin));
    }

    [Fact]
    public void A_lost_source_that_sent_nothing_leaves_its_piece_to_the_picker()
    {
        var content = Make(2 * MiB, MiB);
        var driver = new SchedulerDriver(content);
        var lost = driver.Add(content.Having(1));
        driver.TakeAll(lost);
        driver.Scheduler.Remove(lost);
        driver.Scheduler.Remove(lost);

        var source = driver.Add();
        driver.Send(source, driver.Take(source));
        Assert.Equal([0, 1], driver.TakeAll(source).Concat(driver.TakeAll(driver.Add())).Select(range => range.Piece).Distinct().Order());
    }

    [Fact]
    public void A_spare_source_gets_no_request_until_it_is_needed_again()
    {
        var driver = new SchedulerDriver(Make(MiB, MiB));
        var source = driver.Add();
        source.IsSpare = true;
        Assert.False(driver.Scheduler.TryTakeNext(source, out _));

        source.IsSpare = false;
        Assert.True(driver.Scheduler.TryTakeNext(source, out _));
    }

    [Fact]
    public void In_the_endgame_other_sources_first_get_what_was_not_requested()
    {
        var driver = new SchedulerDriver(Make(MiB, MiB));
        var (owner, helper) = (driver.Add(), driver.Add());
        driver.Take(owner);

        Assert.Equal(256 * KiB, driver.Take(helper).Begin);
        Assert.Equal(512 * KiB, driver.Take(owner).Begin);
    }

    [Fact]
    public void In_the_endgame_a_request_goes_to_three_sources_at_most()
    {
        var driver = new SchedulerDriver(Make(64 * KiB, 64 * KiB));
        DownloadSource[] sources = [driver.Add(), driver.Add(), driver.Add(), driver.Add()];

        Assert.Equal([1, 1, 1, 0], sources.Select(source => driver.TakeAll(source).Count));
    }

    [Fact]
    public void In_the_endgame_one_peer_is_not_sent_a_request_over_two_connections()
    {
        var driver = new SchedulerDriver(Make(64 * KiB, 64 * KiB));
        var peer = Hash256.Compute([1]);
        var (first, second) = (driver.Add(fingerprint: peer), driver.Add(fingerprint: peer));

        driver.Take(first);
        Assert.False(driver.Scheduler.TryTakeNext(second, out _));
    }

    [Fact]
    public void In_the_endgame_the_request_with_the_fewest_sources_comes_first()
    {
        var content = Make(128 * KiB, 64 * KiB);
        var driver = new SchedulerDriver(content);
        var (a, b, c) = (driver.Add(content.Having(0)), driver.Add(), driver.Add());
        driver.Take(a);
        Assert.Equal([1, 0], driver.TakeAll(b).Select(range => range.Piece));

        Assert.Equal(1, driver.Take(c).Piece);
    }

    [Fact]
    public void The_slower_sources_of_a_request_are_cancelled_and_their_answers_skipped()
    {
        var driver = new SchedulerDriver(Make(64 * KiB, 64 * KiB));
        var (winner, loser, second) = (driver.Add(), driver.Add(), driver.Add());
        var (range, late) = (driver.Take(winner), driver.Take(loser));
        driver.Take(second);

        var (whole, losers) = driver.Send(winner, range);

        Assert.NotNull(whole);
        Assert.Equal([loser, second], losers);
        Assert.Equal(0, loser.PendingBytes);
        Assert.Null(driver.Begin(loser, late));
        Assert.Throws<WireException>(() => driver.Begin(loser, late));
        Assert.True(driver.Verify(whole).IsRight);
    }

    [Fact]
    public void A_request_that_two_sources_answer_at_once_is_received_from_the_first()
    {
        var driver = new SchedulerDriver(Make(64 * KiB, 64 * KiB));
        var (first, second) = (driver.Add(), driver.Add());
        var (range, doubled) = (driver.Take(first), driver.Take(second));

        Assert.NotNull(driver.Begin(first, range));
        Assert.Null(driver.Begin(second, doubled));
        Assert.Equal(0, second.PendingBytes);
    }

    [Fact]
    public void A_request_that_broke_off_is_left_to_the_other_source()
    {
        var driver = new SchedulerDriver(Make(64 * KiB, 64 * KiB));
        var (first, second) = (driver.Add(), driver.Add());
        var (range, doubled) = (driver.Take(first), driver.Take(second));
        var request = driver.Begin(first, range)!;
        driver.Scheduler.Remove(first);

        driver.Scheduler.AbortReceive(request);

        Assert.Equal(BlockRequestState.Requested, request.State);
        Assert.True(driver.Verify(driver.Send(second, doubled).Whole).IsRight);
    }

    [Fact]
    public void A_request_that_broke_off_is_sent_to_another_source()
    {
        var driver = new SchedulerDriver(Make(MiB, MiB));
        var (first, second) = (driver.Add(), driver.Add());
        var range = driver.Take(first);
        var request = driver.Begin(first, range)!;
        driver.Scheduler.Remove(first);
        Assert.Equal(256 * KiB, driver.Take(second).Begin);

        driver.Scheduler.AbortReceive(request);

        Assert.Equal(0, driver.Take(second).Begin);
    }

    [Fact]
    public void A_rejected_piece_is_requested_from_another_source_only()
    {
        var driver = new SchedulerDriver(Make(MiB, MiB));
        var (first, second) = (driver.Add(), driver.Add());
        var range = driver.Take(first);

        driver.Scheduler.Reject(first, range);

        Assert.False(driver.Scheduler.TryTakeNext(first, out _));
        Assert.False(driver.Scheduler.IsInteresting(first));
        Assert.Equal(0, driver.Take(second).Begin);
        Assert.Throws<WireException>(() => driver.Scheduler.Reject(first, range));
    }

    [Fact]
    public void A_rejected_piece_can_be_had_again_once_the_source_announces_it()
    {
        var driver = new SchedulerDriver(Make(MiB, MiB));
        var source = driver.Add();
        driver.Scheduler.Reject(source, driver.Take(source));

        driver.Scheduler.AddHaves(source, [0]);

        Assert.Equal(0, driver.Take(source).Begin);
    }

    [Fact]
    public void The_rejection_of_a_cancelled_request_changes_nothing()
    {
        var driver = new SchedulerDriver(Make(64 * KiB, 64 * KiB));
        var (winner, loser) = (driver.Add(), driver.Add());
        var (range, late) = (driver.Take(winner), driver.Take(loser));
        driver.Send(winner, range);

        driver.Scheduler.Reject(loser, late);

        Assert.True(loser.Has![0]);
    }

    [Fact]
    public void Bytes_that_were_not_requested_break_the_protocol()
    {
        var driver = new SchedulerDriver(Make(MiB, MiB));
        var source = driver.Add();
        var range = driver.Take(source);

        Assert.Throws<WireException>(() => driver.Begin(source, range with { Begin = 256 * KiB }));
        Assert.Throws<WireException>(() => driver.Begin(source, range with { Count = 128 * KiB }));
        Assert.NotNull(driver.Begin(source, range));
    }

    [Fact]
    public void A_source_without_a_known_speed_gets_a_mebibyte_and_with_speed_half_a_second()
    {
        var driver = new SchedulerDriver(Make(12 * MiB, MiB));
        var source = driver.Add();
        var ranges = driver.TakeAll(source);
        Assert.Equal(MiB, ranges.Sum(range => range.Count));

        foreach (var range in ranges)
        {
            driver.Clock.Advance(TimeSpan.FromSeconds(1.0 / 64));
            if (driver.Send(source, range).Whole is { } whole)
            {
                driver.Verify(whole);
            }
        }

        // A mebibyte in a sixteenth of a second: 16 MiB a second, within the smoothing.
        driver.TakeAll(source);
        Assert.InRange(source.PendingBytes, 7 * MiB, 9 * MiB);
    }

    [Fact]
    public void Two_pieces_are_started_whatever_the_budget_and_no_more_than_it_allows()
    {
        var budget = new PieceMemoryBudget(3 * 64 * KiB);
        var driver = new SchedulerDriver(Make(16 * 64 * KiB, 64 * KiB), budget: budget);
        var other = new SchedulerDriver(Make(16 * 64 * KiB, 64 * KiB), budget: budget);

        Assert.Equal(3, driver.TakeAll(driver.Add()).Count);
        Assert.Equal(2, other.TakeAll(other.Add()).Count);

        driver.Scheduler.ReleaseBuffers();
        Assert.Single(other.TakeAll(other.Add()));
    }

    [Fact]
    public void The_budget_gets_back_what_a_download_reserved()
    {
        const int Limit = 2 * 64 * KiB;
        var budget = new PieceMemoryBudget(Limit);
        // The last piece is shorter than a piece length.
        var content = Make(64 * KiB + 5, 64 * KiB);
        var driver = new SchedulerDriver(content, budget: budget);
        var source = driver.Add();
        foreach (var range in driver.TakeAll(source))
        {
            driver.Verify(driver.Send(source, range).Whole);
        }

        Assert.True(budget.TryReserve(Limit));
        Assert.False(budget.TryReserve(1));
    }

    [Fact]
    public void No_more_than_48_MiB_of_pieces_are_active()
    {
        var content = new ContentDescription(128 * MiB, 8 * MiB, Hash256.Compute([]));
        var clock = new FakeTimeProvider();
        var scheduler = new RequestScheduler(content, new Bitfield(16), new Random(1), new PieceMemoryBudget(long.MaxValue), clock);
        var all = new Bitfield(16);
        all.SetAll();
        var sources = Enumerable.Range(1, 8).Select(number => new DownloadSource(new FakeSource(number), clock)).ToArray();
        var pieces = new List<int>();
        foreach (var source in sources)
        {
            scheduler.Add(source, all);
            if (scheduler.TryTakeNext(source, out var range))
            {
                pieces.Add(range.Piece);
            }
        }

        Assert.Equal(6, pieces.Distinct().Count());
        Assert.Equal(6, pieces.Count);
        scheduler.ReleaseBuffers();
    }

    [Fact]
    public void A_verified_piece_that_was_on_disk_is_not_requested()
    {
        var content = Make(2 * 64 * KiB, 64 * KiB);
        var driver = new SchedulerDriver(content);
        driver.Scheduler.AddVerified(content.Having(1));

        Assert.Equal([0], driver.TakeAll(driver.Add()).Select(range => range.Piece));
    }

    [Fact]
    public void A_piece_that_arrives_after_the_end_is_skipped()
    {
        var driver = new SchedulerDriver(Make(MiB, MiB));
        var source = driver.Add();
        var (first, second) = (driver.Take(source), driver.Take(source));
        var receiving = driver.Begin(source, first)!;

        driver.Scheduler.ReleaseBuffers();

        // Its buffer is kept for the bytes that still arrive.
        Assert.Equal(256 * KiB, receiving.Buffer.Length);
        Assert.Null(driver.Begin(source, second));
        Assert.Empty(driver.Scheduler.EndReceive(source, receiving).Losers);
    }
}
