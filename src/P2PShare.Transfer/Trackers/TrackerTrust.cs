using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Decides whether a tracker's certificate is the right one. In this order: the fingerprint that the user gave; the one that was remembered,
/// even if a certificate authority of the system vouches for another, because any of them could be made to; then the system's authorities; then,
/// if the user agreed to that, the first certificate that is seen.
/// </summary>
/// <param name="known">Trackers whose certificate the user accepted before.</param>
/// <param name="trustOnFirstUse">Whether a certificate that was never seen before is accepted and remembered.</param>
internal sealed class TrackerTrust(TrackerAddress address, KnownTrackers known, bool trustOnFirstUse)
{
    /// <param name="fingerprint">Of the certificate that the tracker presented.</param>
    /// <param name="systemTrusts">Whether a certificate authority of the system vouches for it.</param>
    /// <returns>Why it is refused; null if it is trusted.</returns>
    public UntrustedTrackerException? Judge(Hash256 fingerprint, bool systemTrusts)
    {
        if (address.Fingerprint is { } pinned)
        {
            return fingerprint == pinned ? null : Refuse(ErrorCode.TrackerCertificateChanged, fingerprint,
                $"The tracker {address.Authority} has the fingerprint {fingerprint}, not the requested {pinned}. Another machine may be intercepting the connection; ask the tracker's operator for its fingerprint.");
        }

        if (known.Find(address) is { } remembered)
        {
            return fingerprint == remembered ? null : Refuse(ErrorCode.TrackerCertificateChanged, fingerprint,
                $"The tracker {address.Authority} has the fingerprint {fingerprint}; when you first used it, it had {remembered}, which is its entry in '{known.Path}'. "
                + (systemTrusts ? "A certificate authority of this system vouches for the new certificate, but any authority could. " : "")
                + "Another machine may be intercepting the connection; ask the tracker's operator, and if the change is real, forget the entry and connect again.");
        }

        if (systemTrusts)
        {
            return null;
        }

        if (trustOnFirstUse)
        {
            known.Remember(address, fingerprint);
            return null;
        }

        return Refuse(ErrorCode.TrackerCertificateUntrusted, fingerprint,
            $"The certificate of the tracker {address.Authority} is not known. Its fingerprint is {fingerprint}. Accept it if the tracker printed the same one when it started.");
    }

    private UntrustedTrackerException Refuse(string code, Hash256 fingerprint, string message) => new(code, message, address, fingerprint);
}
