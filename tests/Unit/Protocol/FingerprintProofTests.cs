using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Unit.Protocol;

public sealed class FingerprintProofTests : IDisposable
{
    private static readonly Guid Tracker = Guid.NewGuid();
    private static readonly Guid Session = Guid.NewGuid();

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Hash256 _fingerprint;
    private readonly FingerprintProof _proof;

    public FingerprintProofTests()
    {
        _fingerprint = Hash256.Compute(_key.ExportSubjectPublicKeyInfo());
        _proof = FingerprintProof.Make(_key, Tracker, Session);
    }

    public void Dispose() => _key.Dispose();

    [Fact]
    public void A_proof_counts_for_its_fingerprint_tracker_and_session_alone()
    {
        Assert.True(_proof.Proves(_fingerprint, Tracker, Session));
        Assert.False(_proof.Proves(Hash256.Compute([1]), Tracker, Session));
        Assert.False(_proof.Proves(_fingerprint, Guid.NewGuid(), Session));
        Assert.False(_proof.Proves(_fingerprint, Tracker, Guid.NewGuid()));
        Assert.False(_proof.Proves(_fingerprint, Session, Tracker));
    }

    [Fact]
    public void The_signature_of_another_key_proves_nothing()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = FingerprintProof.Make(other, Tracker, Session);

        Assert.False(forged.Proves(_fingerprint, Tracker, Session));
        Assert.False((forged with { PublicKey = _proof.PublicKey }).Proves(_fingerprint, Tracker, Session));
        Assert.False((_proof with { PublicKey = forged.PublicKey }).Proves(_fingerprint, Tracker, Session));
    }

    [Fact]
    public void A_key_of_another_curve_or_kind_is_refused()
    {
        using var longer = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        foreach (var key in new[] { longer.ExportSubjectPublicKeyInfo(), rsa.ExportSubjectPublicKeyInfo(), [], [1, 2, 3], [.. _proof.PublicKey, 0], new byte[10_000] })
        {
            Assert.False(new FingerprintProof(key, _proof.Signature).Proves(Hash256.Compute(key), Tracker, Session));
        }
    }

    [Fact]
    public void No_changed_byte_of_the_signature_counts()
    {
        for (var i = 0; i < _proof.Signature.Length; i++)
        {
            var changed = _proof.Signature.ToArray();
            changed[i] ^= 1;
            Assert.False((_proof with { Signature = changed }).Proves(_fingerprint, Tracker, Session));
        }

        Assert.False((_proof with { Signature = [] }).Proves(_fingerprint, Tracker, Session));
        Assert.False((_proof with { Signature = [.. _proof.Signature, 0] }).Proves(_fingerprint, Tracker, Session));
    }
}
