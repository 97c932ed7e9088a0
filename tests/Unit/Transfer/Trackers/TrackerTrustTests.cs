using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

public sealed class TrackerTrustTests : IDisposable
{
    private static readonly TrackerAddress Address = new("tracker.example", 8001);
    private static readonly Hash256 Old = Hash(1);
    private static readonly Hash256 New = Hash(2);

    private readonly TemporaryFolder _folder = new();
    private readonly KnownTrackers _known;

    public TrackerTrustTests() => _known = KnownTrackers.In(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_remembered_fingerprint_counts_before_the_authorities_of_the_system(bool systemTrusts)
    {
        _known.Remember(Address, Old);

        var refused = new TrackerTrust(Address, _known, trustOnFirstUse: true).Judge(New, systemTrusts)!;

        Assert.Equal((ErrorCode.TrackerCertificateChanged, New), (refused.Code, refused.Fingerprint));
        Assert.All(
            [Address.Authority, Old.ToString(), New.ToString(), Path.Combine(_folder.Path, "known_trackers.txt"), "forget"],
            text => Assert.Contains(text, refused.Message, StringComparison.Ordinal));
        Assert.Equal(systemTrusts, refused.Message.Contains("certificate authority", StringComparison.Ordinal));
        Assert.Null(new TrackerTrust(Address, _known, trustOnFirstUse: false).Judge(Old, systemTrusts));
    }

    [Fact]
    public void After_the_entry_is_forgotten_an_authority_is_enough_and_nothing_is_remembered()
    {
        _known.Remember(Address, Old);
        _known.Remember(Address with { Port = 8002 }, Old);
        _known.Forget(Address);
        var trust = new TrackerTrust(Address, _known, trustOnFirstUse: true);

        // The authority renews the certificate, each time with another key.
        Assert.Null(trust.Judge(New, systemTrusts: true));
        Assert.Null(trust.Judge(Hash(3), systemTrusts: true));

        Assert.Null(_known.Find(Address));
        Assert.Equal(8002, Assert.Single(_known.GetAll()).Port);
    }

    [Fact]
    public void The_last_entry_can_be_forgotten()
    {
        _known.Remember(Address, Old);
        _known.Forget(Address);
        Assert.Empty(_known.GetAll());
        Assert.Equal(ErrorCode.TrackerCertificateUntrusted, new TrackerTrust(Address, _known, trustOnFirstUse: false).Judge(New, systemTrusts: false)!.Code);
    }

    [Fact]
    public void A_given_fingerprint_counts_before_everything()
    {
        _known.Remember(Address, Old);
        var trust = new TrackerTrust(Address with { Fingerprint = New }, _known, trustOnFirstUse: false);
        Assert.Null(trust.Judge(New, systemTrusts: false));
        Assert.Equal(ErrorCode.TrackerCertificateChanged, trust.Judge(Old, systemTrusts: true)!.Code);
    }

    [Fact]
    public void The_first_certificate_is_remembered_if_the_user_agreed()
    {
        Assert.Null(new TrackerTrust(Address, _known, trustOnFirstUse: true).Judge(New, systemTrusts: false));
        Assert.Equal(New, _known.Find(Address));
    }

    private static Hash256 Hash(byte value) => new([.. Enumerable.Repeat(value, Hash256.Size)]);
}
