using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Integration.TrackerHost;

/// <summary>A certificate of the operator's, over real TLS.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("one PEM file")]
    [InlineData("PEM and key")]
    [InlineData("PEM and encrypted key")]
    [InlineData("PFX")]
    public async Task It_is_served_with_its_chain_so_that_trusting_the_root_suffices(string form)
    {
        using var certificate = _authority.Issue();
        await using var tracker = await TestTracker.StartAsync(options => Write(options, certificate, form));

        Assert.Equal(CertificateHashes.Fingerprint(certificate), tracker.Address.Fingerprint);
        using var tls = await ConnectAsync(tracker, new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { _authority.Root },
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        });
        Assert.True(tls.IsAuthenticated);
    }

    [Fact]
    public async Task New_connections_get_a_replaced_certificate_and_open_ones_continue()
    {
        using var first = _authority.Issue();
        using var second = _authority.Issue();
        await using var tracker = await TestTracker.StartAsync(options => Write(options, first, "one PEM file"));
        var told = new TaskCompletionSource<Hash256>();
        tracker.Application.FingerprintChanged += told.SetResult;
        using var open = await TestUser.CreateAsync(tracker, "alice");

        // Atomically, as every careful program does.
        await File.WriteAllTextAsync(_folder.Combine("new"), _authority.Chain(second) + TestAuthority.Key(second));
        File.Move(_folder.Combine("new"), _folder.Combine("tracker.pem"), overwrite: true);

        Assert.Equal(CertificateHashes.Fingerprint(second), await told.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(CertificateHashes.Fingerprint(second), await FingerprintAsync(tracker));
        await open.CreateGroupAsync("dev");
    }

    [Fact]
    public async Task Swapped_links_are_noticed_as_Kubernetes_and_certbot_swap_them()
    {
        using var first = _authority.Issue();
        using var second = _authority.Issue();
        foreach (var (name, certificate) in new[] { ("1", first), ("2", second) })
        {
            Directory.CreateDirectory(_folder.Combine(name));
            await File.WriteAllTextAsync(_folder.Combine(name, "tls.crt"), _authority.Chain(certificate));
            await File.WriteAllTextAsync(_folder.Combine(name, "tls.key"), TestAuthority.Key(certificate));
        }

        // A link to the file, through a link to its folder.
        Directory.CreateSymbolicLink(_folder.Combine("data"), "1");
        File.CreateSymbolicLink(_folder.Combine("tls.crt"), "data/tls.crt");
        File.CreateSymbolicLink(_folder.Combine("tls.key"), "data/tls.key");
        await using var tracker = await TestTracker.StartAsync(options =>
        {
            options.CertificatePath = _folder.Combine("tls.crt");
            options.CertificateKeyPath = _folder.Combine("tls.key");
            options.CertificateInterval = TimeSpan.FromMilliseconds(20);
        });
        Assert.Equal(CertificateHashes.Fingerprint(first), await FingerprintAsync(tracker));

        Directory.CreateSymbolicLink(_folder.Combine("data_tmp"), "2");
        Directory.Move(_folder.Combine("data"), _folder.Combine("data_old"));
        Directory.Move(_folder.Combine("data_tmp"), _folder.Combine("data"));

        await Eventually.HoldsAsync(() => tracker.Application.Fingerprint == CertificateHashes.Fingerprint(second), "the other certificate is served");
        Assert.Equal(CertificateHashes.Fingerprint(second), await FingerprintAsync(tracker));
    }

    [Fact]
    public void A_broken_file_keeps_the_old_certificate_and_is_logged_once()
    {
        using var first = _authority.Issue();
        using var second = _authority.Issue();
        var log = new LogList<CertificateTests>();
        var options = new CertificateOptions();
        Write(options, first, "PEM and key");
        using var serving = ServingCertificate.Load(options, _folder.Path, TimeProvider.System);

        // Another certificate, but not yet its key: in the middle of being replaced.
        File.WriteAllText(options.CertificatePath!, _authority.Chain(second));
        serving.Reload(log);
        Assert.Empty(log.Lines);
        Assert.Equal(CertificateHashes.Fingerprint(first), serving.Fingerprint);

        // It stays so.
        serving.Reload(log);
        serving.Reload(log);
        var line = Assert.Single(log.Lines);
        Assert.Equal(LogLevel.Error, line.Level);
        Assert.Contains(options.CertificatePath!, line.Text, StringComparison.Ordinal);

        // The key comes.
        File.WriteAllText(options.CertificateKeyPath!, TestAuthority.Key(second));
        serving.Reload(log);
        Assert.Equal(CertificateHashes.Fingerprint(second), serving.Fingerprint);
        Assert.Contains(log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains(serving.Fingerprint.ToString(), StringComparison.Ordinal));

        // It goes.
        File.Delete(options.CertificatePath!);
        serving.Reload(log);
        serving.Reload(log);
        Assert.Equal(CertificateHashes.Fingerprint(second), serving.Fingerprint);
        Assert.Contains("cannot be read", log.Lines[^1].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PEM and encrypted key")]
    [InlineData("PFX")]
    public void A_wrong_password_is_not_part_of_the_error(string form)
    {
        using var certificate = _authority.Issue();
        var options = new CertificateOptions();
        Write(options, certificate, form);
        (options.CertificatePasswordFile, options.CertificatePassword) = (null, "wrong horse");

        var error = Assert.Throws<P2PShareException>(() => ServingCertificate.Load(options, _folder.Path, TimeProvider.System));

        Assert.Equal(ErrorCode.InvalidConfiguration, error.Code);
        Assert.Contains(options.CertificatePath!, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong horse", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_end_is_announced_in_the_log_once_a_day()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var certificate = _authority.Issue(clock.GetUtcNow().AddDays(15.5));
        var options = new CertificateOptions();
        Write(options, certificate, "one PEM file");
        options.CertificateInterval = TimeSpan.FromHours(6);
        using var serving = ServingCertificate.Load(options, _folder.Path, clock);
        var log = new LogList<CertificateWatch>();
        using var watch = new CertificateWatch(serving, options, clock, log);
        await watch.StartAsync(CancellationToken.None);

        var begun = clock.GetUtcNow();
        async Task PassUntilAsync(Func<bool> condition, string what) => await Eventually.HoldsAsync(
            () =>
            {
                if (condition())
                {
                    return true;
                }

                // Each look waits for its tick; one that comes too late for it is made up for by the next.
                clock.Advance(TimeSpan.FromHours(6));
                return false;
            },
            what);

        await PassUntilAsync(() => serving.Expires - clock.GetUtcNow() <= CertificateWatch.WarnBefore + TimeSpan.FromHours(6), "its end comes near");
        Assert.Empty(log.Lines);
        await PassUntilAsync(() => log.Lines.Count > 0, "a warning");
        Assert.Equal(LogLevel.Warning, log.Lines[0].Level);
        Assert.Contains("expires soon", log.Lines[0].Text, StringComparison.Ordinal);
        await PassUntilAsync(() => log.Lines[^1].Text.Contains("expired at", StringComparison.Ordinal), "that it has expired");
        Assert.InRange(log.Lines.Count, 2, (clock.GetUtcNow() - begun).TotalDays + 1);
        await watch.StopAsync(CancellationToken.None);
    }

    private void Write(TestTrackerOptions options, X509Certificate2 certificate, string form)
    {
        var files = new CertificateOptions();
        Write(files, certificate, form);
        options.CertificateInterval = files.CertificateInterval;
        (options.CertificatePath, options.CertificateKeyPath) = (files.CertificatePath, files.CertificateKeyPath);
        (options.CertificatePassword, options.CertificatePasswordFile) = (files.CertificatePassword, files.CertificatePasswordFile);
    }

    private void Write(CertificateOptions options, X509Certificate2 certificate, string form)
    {
        options.CertificateInterval = TimeSpan.FromMilliseconds(20);
        options.CertificatePath = _folder.Combine(form == "PFX" ? "tracker.pfx" : "tracker.pem");
        switch (form)
        {
            case "one PEM file":
                File.WriteAllText(options.CertificatePath, _authority.Chain(certificate) + TestAuthority.Key(certificate));
                break;
            case "PEM and key":
                File.WriteAllText(options.CertificatePath, _authority.Chain(certificate));
                options.CertificateKeyPath = _folder.Combine("key.pem");
                File.WriteAllText(options.CertificateKeyPath, TestAuthority.Key(certificate));
                break;
            case "PEM and encrypted key":
                File.WriteAllText(options.CertificatePath, _authority.Chain(certificate));
                options.CertificateKeyPath = _folder.Combine("key.pem");
                File.WriteAllText(options.CertificateKeyPath, TestAuthority.EncryptedKey(certificate, TestPassword.Text));
                options.CertificatePassword = TestPassword.Text;
                break;
            default:
                File.WriteAllBytes(options.CertificatePath, new X509Certificate2Collection { certificate, _authority.Intermediate }.Export(X509ContentType.Pkcs12, TestPassword.Text)!);
                options.CertificatePasswordFile = _folder.Combine("password");
                File.WriteAllText(options.CertificatePasswordFile, TestPassword.Text + "\n");
                break;
        }
    }

    private static async Task<Hash256> FingerprintAsync(TestTracker tracker)
    {
        using var tls = await ConnectAsync(tracker, new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null });
        return CertificateHashes.Fingerprint((X509Certificate2)tls.RemoteCertificate!);
    }

    private static async Task<SslStream> ConnectAsync(TestTracker tracker, SslClientAuthenticationOptions options)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, tracker.Address.Port);
        var tls = new SslStream(client.GetStream());
        options.EnabledSslProtocols = SslProtocols.None;
        await tls.AuthenticateAsClientAsync(options);
        return tls;
    }
}
