using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class KnownTrackersTests : IDisposable
{
    private static readonly Hash256 First = Hash256.Compute([1]);
    private static readonly Hash256 Second = Hash256.Compute([2]);

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public KnownTrackersTests() => _path = _folder.Combine("known_trackers.txt");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nothing_is_known_without_a_file() => Assert.Null(new KnownTrackers(_path).Find(new TrackerAddress("host", 1)));

    [Fact]
    public void A_fingerprint_is_found_by_host_and_port_by_another_process_too()
    {
        new KnownTrackers(_path).Remember(new TrackerAddress("Host", 8001), First);

        var known = new KnownTrackers(_path);

        Assert.Equal(First, known.Find(new TrackerAddress("host", 8001)));
        Assert.Null(known.Find(new TrackerAddress("host", 8002)));
        Assert.Null(known.Find(new TrackerAddress("other", 8001)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n# a comment\n")]
    public void A_file_without_lines_knows_nothing_and_can_be_written(string text)
    {
        File.WriteAllText(_path, text);
        var known = new KnownTrackers(_path);

        Assert.Null(known.Find(new TrackerAddress("host", 1)));
        known.Remember(new TrackerAddress("host", 1), First);
        Assert.Equal(First, known.Find(new TrackerAddress("host", 1)));
    }

    [Theory]
    [InlineData("host:1 0123abc")]
    [InlineData("host:1")]
    [InlineData("\0\0\u0001garbage")]
    public void A_line_that_cannot_be_understood_hides_no_tracker_and_is_never_an_unknown_one(string line)
    {
        File.WriteAllText(_path, $"other:1 {First}\n{line}\n");
        var known = new KnownTrackers(_path);

        Assert.Equal(First, known.Find(new TrackerAddress("other", 1)));
        var error = Assert.Throws<P2PShareException>(() => known.Find(new TrackerAddress("host", 1)));
        Assert.Equal(ErrorCode.StateFolderUnusable, error.Code);
        Assert.Contains($"'{_path}': line 2 ", error.Message, StringComparison.Ordinal);

        known.Remember(new TrackerAddress("host", 1), Second);
        Assert.Equal(Second, known.Find(new TrackerAddress("host", 1)));
        Assert.Contains(line, File.ReadAllText(_path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_fingerprint_replaces_the_old_one_and_leaves_the_others()
    {
        var known = new KnownTrackers(_path);
        known.Remember(new TrackerAddress("a", 1), First);
        known.Remember(new TrackerAddress("b", 1), First);

        known.Remember(new TrackerAddress("A", 1), Second);

        Assert.Equal((Second, First), (known.Find(new TrackerAddress("a", 1)), known.Find(new TrackerAddress("b", 1))));
        Assert.Equal(2, File.ReadAllLines(_path).Length);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }
}
