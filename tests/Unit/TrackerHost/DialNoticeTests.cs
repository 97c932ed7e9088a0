using P2PShare.Protocol;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Unit.TrackerHost;

public sealed class DialNoticeTests
{
    private static readonly DialNotice Notice = new(7, Hash256.Compute([1]), Guid.Parse("11111111-2222-3333-4444-555555555555"), 8, """{"a":"b c"}""");

    [Fact]
    public void A_message_is_read_as_it_was_written() => Assert.Equal(Notice, DialNotice.TryParse(Notice.ToMessage()));

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("a b c d e")]
    [InlineData("{\"version\":2}")]
    [InlineData("7 00 11111111-2222-3333-4444-555555555555 8 {}")]
    public void A_message_of_a_newer_instance_is_passed_over(string message) => Assert.Null(DialNotice.TryParse(message));
}
