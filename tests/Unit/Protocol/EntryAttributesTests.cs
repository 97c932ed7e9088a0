using P2PShare.Protocol.Names;

namespace P2PShare.Unit.Protocol;

public sealed class EntryAttributesTests
{
    public static TheoryData<DateTimeOffset, bool> Times => new()
    {
        { EntryAttributes.EarliestModified, true },
        { EntryAttributes.EarliestModified.AddTicks(-1), false },
        { DateTimeOffset.MinValue, false },
        { DateTimeOffset.MaxValue, true },
        { new DateTimeOffset(1601, 1, 1, 1, 0, 0, TimeSpan.FromHours(2)), false },
        { DateTimeOffset.UnixEpoch, true },
    };

    [Theory]
    [MemberData(nameof(Times))]
    public void A_time_is_from_1601_on_and_one_before_is_left_out_of_what_is_shared(DateTimeOffset modified, bool isInRange)
    {
        Assert.Equal(isInRange, new EntryAttributes(modified, null).FindProblem() is null);
        Assert.Equal(isInRange ? modified : null, EntryAttributes.Of(modified, true).Modified);
        Assert.True(EntryAttributes.Of(modified, true).Executable);
    }

    [Fact]
    public void What_is_not_known_is_no_problem() => Assert.Null(EntryAttributes.None.FindProblem());
}
