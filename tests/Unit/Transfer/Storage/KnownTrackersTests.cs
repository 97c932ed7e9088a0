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
