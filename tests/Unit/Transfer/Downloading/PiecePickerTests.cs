using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class PiecePickerTests
{
    [Fact]
    public void The_rarest_piece_that_the_source_has_comes_first()
    {
        var picker = new PiecePicker(new Bitfield(4), new Random(1));
        picker.AddSource(Having(4, 0, 1, 2, 3));
        picker.AddSource(Having(4, 0, 1, 3));
        picker.AddSource(Having(4, 0, 3));

        Assert.Equal(1, picker.Pick(Having(4, 0, 1, 3)));
        Assert.Equal(2, picker.Pick(Having(4, 0, 1, 2, 3)));
    }

    [Fact]
    public void Haves_and_lost_sources_change_what_is_rare()
    {
        var picker = new PiecePicker(new Bitfield(2), new Random(1));
        var both = Having(2, 0, 1);
        picker.AddSource(both);
        picker.AddHave(0);
        Assert.Equal(1, picker.Pick(both));
        picker.SetMissing(1);

        picker.RemoveHave(0);
        picker.AddHave(1);
        Assert.Equal(0, picker.Pick(both));
        picker.SetMissing(0);

        picker.AddSource(Having(2, 0));
        picker.AddSource(Having(2, 0));
        picker.RemoveSource(Having(2, 1));
        Assert.Equal(1, picker.Pick(both));
    }

    [Fact]
    public void Ties_are_broken_at_random_and_repeatably_by_the_seed()
    {
        var picks = Enumerable.Range(0, 200).Select(seed => new PiecePicker(new Bitfield(4), new Random(seed)).Pick(Having(4, 0, 1, 2, 3))).ToArray();

        Assert.All(Enumerable.Range(0, 4), piece => Assert.InRange(picks.Count(pick => pick == piece), 25, 75));
        Assert.Equal(picks[7], new PiecePicker(new Bitfield(4), new Random(7)).Pick(Having(4, 0, 1, 2, 3)));
    }

    [Fact]
    public void Each_missing_piece_is_picked_once()
    {
        var picker = new PiecePicker(Having(5, 2), new Random(1));
        var all = Having(5, 0, 1, 2, 3, 4);
        Assert.Equal(4, picker.MissingCount);

        Assert.Equal([0, 1, 3, 4], new[] { picker.Pick(all), picker.Pick(all), picker.Pick(all), picker.Pick(all) }.Order());
        Assert.Equal(0, picker.MissingCount);
        Assert.Equal(-1, picker.Pick(all));

        picker.SetMissing(3);
        picker.SetMissing(3);
        Assert.Equal(1, picker.MissingCount);
        Assert.Equal(-1, picker.Pick(Having(5, 0)));
        Assert.Equal(3, picker.Pick(all));
    }

    [Fact]
    public void A_source_is_interesting_until_all_of_its_pieces_are_verified()
    {
        var picker = new PiecePicker(new Bitfield(2), new Random(1));
        var has = Having(2, 1);
        picker.Pick(has);
        Assert.True(picker.IsInteresting(has));

        picker.SetHave(1);
        Assert.False(picker.IsInteresting(has));
        Assert.Equal(1, picker.MissingCount);
        picker.SetHave(0);
        Assert.Equal(0, picker.MissingCount);
    }

    [Fact]
    public void A_piece_that_is_held_back_is_not_picked_and_counts_neither_as_missing_nor_as_there()
    {
        var picker = new PiecePicker(Having(3, 2), new Random(1));
        var all = Having(3, 0, 1, 2);
        Assert.True(picker.TryHold(0));
        Assert.False(picker.TryHold(0));
        Assert.False(picker.TryHold(2));
        Assert.Equal((1, 1), (picker.MissingCount, picker.HeldCount));
        Assert.Equal(1, picker.Pick(all));
        Assert.Equal(-1, picker.Pick(all));
        Assert.True(picker.IsInteresting(Having(3, 0)));
        Assert.False(picker.TryRelease(1));

        Assert.True(picker.TryRelease(0));

        Assert.Equal((1, 0), (picker.MissingCount, picker.HeldCount));
        Assert.Equal(0, picker.Pick(all));
    }

    [Fact]
    public void A_piece_that_is_held_back_may_turn_out_to_be_there()
    {
        var picker = new PiecePicker(new Bitfield(1), new Random(1));
        picker.TryHold(0);

        picker.SetHave(0);

        Assert.Equal((0, 0), (picker.MissingCount, picker.HeldCount));
        Assert.False(picker.TryRelease(0));
        Assert.Equal(-1, picker.Pick(Having(1, 0)));
    }

    private static Bitfield Having(int length, params int[] pieces)
    {
        var has = new Bitfield(length);
        foreach (var piece in pieces)
        {
            has.Set(piece);
        }

        return has;
    }
}
