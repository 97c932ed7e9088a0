using System.Diagnostics.Metrics;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Certificates;

/// <summary>The gauge of the certificate's remaining lifetime.</summary>
internal sealed class CertificateMetrics
{
    public CertificateMetrics(IMeterFactory meters, ServingCertificate certificate, TimeProvider clock) =>
        meters.Create(TrackerMeter.Name).CreateObservableGauge(
            "p2pshare.tracker.certificate.lifetime", () => (certificate.Expires - clock.GetUtcNow()).TotalSeconds, "s", "Time until the certificate expires.");
}
