using P2PShare.Protocol;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Unit.TrackerHost;

public sealed class ProvenFingerprintsTests
{
    private readonly ProvenFingerprints _proven = new();

    [Fact]
    public void A_fingerprint_is_proven_to_its_session_alone()
    {
        var (session, fingerprint) = (Guid.NewGuid(), FingerprintOf(1));
        _proven.Add(session, fingerprint);

        Assert.True(_proven.Contains(session, fingerprint));
        Assert.False(_proven.Contains(Guid.NewGuid(), fingerprint));
        Assert.False(_proven.Contains(session, FingerprintOf(2)));
    }

    [Fact]
    public void The_newest_are_remembered_and_the_oldest_are_not()
    {
        var session = Guid.NewGuid();
        for (var i = 0; i <= 2 * ProvenFingerprints.Capacity; i++)
        {
            _proven.Add(session, FingerprintOf(i));
        }

        Assert.False(_proven.Contains(session, FingerprintOf(0)));
        Assert.Equal(
            Enumerable.Repeat(true, ProvenFingerprints.Capacity / 2),
            Enumerable.Range((3 * ProvenFingerprints.Capacity / 2) + 1, ProvenFingerprints.Capacity / 2).Select(i => _proven.Contains(session, FingerprintOf(i))));
        Assert.InRange(
            Enumerable.Range(0, (2 * ProvenFingerprints.Capacity) + 1).Count(i => _proven.Contains(session, FingerprintOf(i))), 0, ProvenFingerprints.Capacity);
    }

    private static Hash256 FingerprintOf(int number)
    {
        var bytes = new byte[Hash256.Size];
        BitConverter.TryWriteBytes(bytes, number);
        return new Hash256(bytes);
    }
}
