using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Unit.Protocol;

public class TrackerInfoTests
{
    private static readonly Hash256 Fingerprint = Hash256.Compute([1]);

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Reads_a_line_for_each_tracker_in_order(string newLine)
    {
        var text = string.Join(
            newLine,
            "# our trackers",
            "",
            "a.example:9000",
            "  [::1]:9001\t# on this machine",
            $"b.example {Fingerprint.ToString().ToUpperInvariant()} # pinned",
            "   ",
            "#c.example:9");
        Assert.Equal(
            [new TrackerAddress("a.example", 9000), new TrackerAddress("::1", 9001), new TrackerAddress("b.example", 8001, Fingerprint)],
            TrackerInfo.Parse(text));
    }

    [Theory]
    [InlineData("host:0", "'host:0' is not a tracker's address")]
    [InlineData("host:port", "'host:port' is not a tracker's address")]
    [InlineData("host 8001", "'8001' is not a fingerprint")]
    [InlineData("host:1 abcd", "'abcd' is not a fingerprint")]
    [InlineData("host:1 \u001b[2J", "'?[2J' is not a fingerprint")]
    [InlineData("host:1 a b", "'b' is one word too many")]
    [InlineData("host:1 a \u001b[2J", "'?[2J' is one word too many")]
    [InlineData("\u001b[2J", "'?[2J' is not a tracker's address")]
    public void A_malformed_line_is_named_by_its_number(string line, string reason)
    {
        for (var before = 0; before < 3; before++)
        {
            var text = string.Concat(Enumerable.Repeat("# comment\r\n", before)) + line + "\r\nlocalhost:1\r\n";
            var error = Assert.Throws<P2PShareException>(() => TrackerInfo.Parse(text));
            Assert.Equal(ErrorCode.InvalidTrackerInfo, error.Code);
            Assert.StartsWith($"Line {before + 1} of the tracker file: ", error.Message, StringComparison.Ordinal);
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
            Printable.Check(error.Message);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n\r\n")]
    [InlineData("# only a comment")]
    public void A_file_without_a_tracker_is_refused(string text) =>
        Assert.Equal(ErrorCode.InvalidTrackerInfo, Assert.Throws<P2PShareException>(() => TrackerInfo.Parse(text)).Code);

    [Fact]
    public void Loads_a_file_with_a_byte_order_mark_and_tells_what_is_wrong_with_a_path()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("tracker_info.txt");
        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<P2PShareException>(() => TrackerInfo.Load(path)).Code);
        Assert.Equal(ErrorCode.PathUnreadable, Assert.Throws<P2PShareException>(() => TrackerInfo.Load(folder.Path)).Code);
        File.WriteAllText(path, "localhost:7\r\n", System.Text.Encoding.UTF8);
        Assert.Equal([new TrackerAddress("localhost", 7)], TrackerInfo.Load(path));
    }
}
