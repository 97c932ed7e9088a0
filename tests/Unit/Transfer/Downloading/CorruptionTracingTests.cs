using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A piece of a mebibyte, of which four sources send a quarter each.</summary>
public sealed class CorruptionTracingTests
{
    private readonly SchedulerDriver _driver = new(Make(MiB, MiB));

    [Fact]
    public void A_wrong_piece_from_one_sender_names_it_at_once()
    {
        var liar = _driver.Add();

        AssertResult(SendAll(liar, wrong: 2), false, [liar.Fingerprint]);
    }

    [Fact]
    public void One_liar_among_four_senders_is_found_once_the_piece_is_right()
    {
        var sources = AddFour();
        AssertResult(SendQuarters(sources, wrong: [2]), false, []);

        AssertResult(SendAll(sources[0]), true, [sources[2].Fingerprint]);
    }

    [Fact]
    public void Two_liars_among_four_senders_are_both_found()
    {
        var sources = AddFour();
        SendQuarters(sources, wrong: [1, 3]);

        AssertResult(SendAll(sources[0]), true, [sources[1].Fingerprint, sources[3].Fingerprint]);
    }

    [Fact]
    public void A_liar_that_fetches_alone_after_the_failure_is_named_and_found_once()
    {
        var sources = AddFour();
        SendQuarters(sources, wrong: [2]);
        AssertResult(SendAll(sources[2], wrong: 0), false, [sources[2].Fingerprint]);

        AssertResult(SendAll(sources[1]), true, [sources[2].Fingerprint]);
    }

    [Fact]
    public void After_a_failure_of_several_senders_one_source_alone_fetches_the_piece()
    {
        var sources = AddFour();
        SendQuarters(sources, wrong: [2]);

        _driver.Take(sources[0]);

        Assert.All(sources.Skip(1), source => Assert.False(_driver.Scheduler.TryTakeNext(source, out _)));
        Assert.Equal(256 * KiB, _driver.Take(sources[0]).Begin);
    }

    [Fact]
    public void What_a_lost_source_fetched_alone_is_not_mixed_with_another_ones_blocks()
    {
        var sources = AddFour();
        SendQuarters(sources, wrong: [2]);
        _driver.Send(sources[0], _driver.Take(sources[0]));

        _driver.Scheduler.Remove(sources[0]);

        Assert.Equal(0, _driver.Take(sources[1]).Begin);
    }

    [Fact]
    public void An_honest_sender_of_a_wrong_piece_is_not_named()
    {
        var tracker = new CorruptionTracker();
        var content = Make(MiB, MiB);
        using var wrong = MakePiece(content, [1, 1, 2, 2], wrong: [3]);
        using var wrongAgain = MakePiece(content, [3, 2, 3, 1], wrong: [0, 1]);
        using var right = MakePiece(content, [1, 1, 1, 1], wrong: []);
        Assert.False(tracker.IsSuspect(0));

        Assert.Empty(tracker.AddFailure(wrong));
        Assert.True(tracker.IsSuspect(0));
        Assert.Empty(tracker.AddFailure(wrongAgain));

        Assert.Equal([Peer(2), Peer(3)], tracker.FindCorruptSenders(right));
        Assert.False(tracker.IsSuspect(0));
        Assert.Empty(tracker.FindCorruptSenders(right));
    }

    private static Hash256 Peer(int number) => Hash256.Compute([(byte)number]);

    private static ActivePiece MakePiece(TestContent content, int[] senders, int[] wrong)
    {
        var piece = new ActivePiece(content.Description, 0, 256 * KiB);
        for (var i = 0; i < senders.Length; i++)
        {
            var request = piece.Requests[i];
            content.GetBlocks(0, request.Begin, request.Length).CopyTo(request.Buffer.Span);
            request.Buffer.Span[100_000] ^= (byte)(wrong.Contains(i) ? 1 : 0);
            request.Hash();
            request.Sender = Peer(senders[i]);
        }

        return piece;
    }

    private static void AssertResult((bool IsRight, IReadOnlyList<Hash256> Corrupt) result, bool isRight, Hash256[] corrupt)
    {
        Assert.Equal(isRight, result.IsRight);
        Assert.Equal(corrupt, result.Corrupt);
    }

    private DownloadSource[] AddFour() => [_driver.Add(), _driver.Add(), _driver.Add(), _driver.Add()];

    private (bool IsRight, IReadOnlyList<Hash256> Corrupt) SendQuarters(DownloadSource[] sources, int[] wrong)
    {
        var ranges = sources.Select(_driver.Take).ToArray();
        ActivePiece? whole = null;
        for (var i = 0; i < sources.Length; i++)
        {
            whole = _driver.Send(sources[i], ranges[i], wrong.Contains(i)).Whole;
        }

        return _driver.Verify(whole);
    }

    private (bool IsRight, IReadOnlyList<Hash256> Corrupt) SendAll(DownloadSource source, int wrong = -1)
    {
        ActivePiece? whole = null;
        for (var i = 0; i < 4; i++)
        {
            whole = _driver.Send(source, _driver.Take(source), i == wrong).Whole;
        }

        return _driver.Verify(whole);
    }
}
