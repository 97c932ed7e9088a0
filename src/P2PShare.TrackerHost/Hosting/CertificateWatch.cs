namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// Has the files of the certificate looked at, by their content: a replaced file, a swapped link and a folder that is another
/// one now are all the same that way. Says once a day when the certificate's end comes near.
/// </summary>
internal sealed class CertificateWatch(
    ServingCertificate certificate, TrackerOptions options, TimeProvider clock, ILogger<CertificateWatch> logger) : BackgroundService
{
    /// <summary>Let's Encrypt renews with thirty days left; who has fewer than this missed it.</summary>
    public static readonly TimeSpan WarnBefore = TimeSpan.FromDays(14);

    private static readonly TimeSpan WarnAgain = TimeSpan.FromDays(1);

    private DateTimeOffset _warned = DateTimeOffset.MinValue;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.CertificateInterval, clock);
        do
        {
            certificate.LookAgain(logger);
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
