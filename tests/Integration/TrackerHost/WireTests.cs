using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Http;

namespace P2PShare.Integration.TrackerHost;

/// <summary>What the tracker accepts below its endpoints: TLS and the framing of HTTP.</summary>
public sealed class WireTests
{
    [LinuxTheory]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, true)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, false)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, false)]
    public async Task TLS_without_authenticated_encryption_is_refused(TlsCipherSuite suite, bool isAccepted)
    {
        await using var tracker = await TestTracker.StartAsync();

        var connecting = ConnectAsync(tracker, suite);

        if (isAccepted)
        {
            await using var tls = await connecting;
            Assert.Equal(suite, tls.NegotiatedCipherSuite);
        }
        else
        {
            await Assert.ThrowsAsync<AuthenticationException>(() => connecting);
        }
    }

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200")]
    [InlineData("GET /healthz HTTP/1.1\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\nConnection: close\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\n\n", "HTTP/1.1 400")]
    public async Task A_line_that_ends_with_a_bare_line_feed_is_refused(string request, string status)
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var tls = await ConnectAsync(tracker, suite: null);

        await tls.WriteAsync(Encoding.ASCII.GetBytes(request));

        using var reader = new StreamReader(tls, Encoding.ASCII);
        var text = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.StartsWith(status, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_description_is_made_once_whatever_name_it_is_asked_under()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);
        var first = await stranger.GetAsync(DescriptionEndpoint.Path);
        var tag = first.Headers.ETag!;

        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, DescriptionEndpoint.Path) { Headers = { Host = "evil.example" } };
        using var again = new HttpRequestMessage(HttpMethod.Get, DescriptionEndpoint.Path) { Headers = { IfNoneMatch = { new EntityTagHeaderValue(tag.Tag) } } };
        var second = await stranger.SendAsync(elsewhere);

        Assert.Equal(await first.Content.ReadAsByteArrayAsync(), await second.Content.ReadAsByteArrayAsync());
        Assert.Equal(tag, second.Headers.ETag);
        Assert.Equal(HttpStatusCode.NotModified, (await stranger.SendAsync(again)).StatusCode);
    }

    private static async Task<SslStream> ConnectAsync(TestTracker tracker, TlsCipherSuite? suite)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, tracker.Address.Port);
        var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "tracker",
                EnabledSslProtocols = suite is null ? SslProtocols.None : SslProtocols.Tls12,
                // OpenSSL's own default would leave out some of those that are to be refused.
                CipherSuitesPolicy = suite is { } one && !OperatingSystem.IsWindows() ? new CipherSuitesPolicy([one]) : null,
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    certificate is X509Certificate2 shown && CertificateHashes.Fingerprint(shown) == tracker.Address.Fingerprint,
            });
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }
}
