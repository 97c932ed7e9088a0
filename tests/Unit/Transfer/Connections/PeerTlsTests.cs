using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>The handshake over memory; the addresses of peers are tried in the integration tests.</summary>
public sealed class PeerTlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PeerIdentity _alice;
    private readonly PeerIdentity _bob;

    public PeerTlsTests()
    {
        var state = StateFolder.Open(_folder.Path);
        _alice = PeerIdentity.Acquire(state, TimeProvider.System);
        _bob = PeerIdentity.Acquire(state, TimeProvider.System);
    }

    public void Dispose()
    {
        _alice.Dispose();
        _bob.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    public async Task Both_sides_learn_who_the_other_is()
    {
        var (near, far) = DuplexStream.CreatePair();
        var accepting = PeerTls.AcceptAsync(_bob, far, CancellationToken.None);
        await using var dialled = await PeerTls.ConnectAsync(_alice, _bob.Fingerprint, near, CancellationToken.None);
        await using var accepted = await accepting;

        var endPoint = new IPEndPoint(IPAddress.Parse("::ffff:10.1.2.3"), 8001);
        Assert.Equal(new RemotePeer(_bob.Fingerprint, _bob.CertificateHash, new(IPAddress.Parse("10.1.2.3"), 8001)), PeerTls.Identify(dialled, endPoint));
        Assert.Equal(_alice.Fingerprint, PeerTls.Identify(accepted, endPoint).Fingerprint);
        await dialled.WriteAsync(new byte[] { 1, 2, 3 });
        var buffer = new byte[3];
        await accepted.ReadExactlyAsync(buffer);
        Assert.Equal([1, 2, 3], buffer);
    }

    [Fact]
    public async Task A_peer_with_another_fingerprint_is_not_connected()
    {
        var (near, far) = DuplexStream.CreatePair();
        var accepting = PeerTls.AcceptAsync(_bob, far, CancellationToken.None);

        await Assert.ThrowsAsync<AuthenticationException>(() => PeerTls.ConnectAsync(_alice, _alice.Fingerprint, near, CancellationToken.None));

        // With TLS 1.3 the accepting side may be done before the other one refuses.
        await using var accepted = await accepting;
        Assert.Equal(0, await accepted.ReadAsync(new byte[1]));
    }

    [Theory]
    [InlineData(0, "p2pshare/2")]
    [InlineData(1, "p2pshare/1")]
    public async Task A_listening_peer_of_a_version_before_is_refused_with_both_versions(int back, string version)
    {
        var (near, far) = DuplexStream.CreatePair();
        using var older = new SslStream(far);
        var accepting = older.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _bob.Context,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            ApplicationProtocols = [.. PeerTls.OlderProtocols.Skip(back)],
        });

        var error = await Assert.ThrowsAsync<IOException>(() => PeerTls.ConnectAsync(_alice, _bob.Fingerprint, near, CancellationToken.None));

        Assert.Equal($"The peer speaks {version}, and this one p2pshare/3. The older one has to be updated.", error.Message);
        await accepting;
    }

    [Fact]
    public async Task A_peer_that_speaks_both_versions_is_connected_with_the_newer_one()
    {
        var (near, far) = DuplexStream.CreatePair();
        var accepting = PeerTls.AcceptAsync(_bob, far, CancellationToken.None);
        await using var dialled = await PeerTls.ConnectAsync(_alice, _bob.Fingerprint, near, CancellationToken.None);
        await using var accepted = await accepting;

        Assert.Equal("p2pshare/3", dialled.NegotiatedApplicationProtocol.ToString());
        Assert.Equal("p2pshare/3", accepted.NegotiatedApplicationProtocol.ToString());
    }

    [Fact]
    public async Task What_is_not_TLS_fails_the_handshake()
    {
        var (near, far) = DuplexStream.CreatePair();
        var accepting = PeerTls.AcceptAsync(_bob, far, CancellationToken.None);
        await near.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());

        await Assert.ThrowsAnyAsync<Exception>(() => accepting);
    }
}
