using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Certificates;

/// <summary>
/// Has the certificate's files checked regularly, by their content: a replaced file, a swapped link and an exchanged folder are
/// all noticed that way. Warns once a day when the certificate is about to expire.
/// </summary>
internal sealed class CertificateWatch(
    ServingCertificate certificate, CertificateOptions options, TimeProvider clock, ILogger<CertificateWatch> logger) : BackgroundService
{
    /// <summary>Let's Encrypt's clients renew with thirty days left; with fewer than this, the renewal was missed.</summary>
    public static readonly TimeSpan WarnBefore = TimeSpan.FromDays(14);

    private static readonly TimeSpan WarnAgain = TimeSpan.FromDays(1);

    private DateTimeOffset _warned = DateTimeOffset.MinValue;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.CertificateInterval, clock);
        do
        {
            certificate.Reload(logger);
            Warn();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Warn()
    {
        var now = clock.GetUtcNow();
        if (now - _warned < WarnAgain)
        {
            return;
        }

        if (certificate.Expires <= now)
        {
            logger.CertificateExpired(certificate.Expires);
            _warned = now;
        }
        else if (certificate.Begins > now)
        {
            logger.CertificateNotYetValid(certificate.Begins);
            _warned = now;
        }
        else if (certificate.Expires - now < WarnBefore)
        {
            logger.CertificateExpiresSoon(certificate.Expires);
            _warned = now;
        }
    }
}
