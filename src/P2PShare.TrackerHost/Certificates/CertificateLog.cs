using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Certificates;

/// <summary>Log messages about the certificate.</summary>
internal static partial class CertificateLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The certificate was replaced; its fingerprint is {Fingerprint}, and it expires at {Expires:u}.")]
    public static partial void CertificateReplaced(this ILogger logger, Hash256 fingerprint, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The tracker's fingerprint changed from {Before} to {After}: clients that pinned the old one need the new one.")]
    public static partial void FingerprintChanged(this ILogger logger, Hash256 before, Hash256 after);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate's files have changed but cannot be used; the previous certificate, which expires at {Expires:u}, stays in use. {Reason}")]
    public static partial void CertificateKept(this ILogger logger, string reason, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate expires soon, at {Expires:u}: renew it.")]
    public static partial void CertificateExpiresSoon(this ILogger logger, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate expired at {Expires:u}: clients that have not pinned its fingerprint refuse it.")]
    public static partial void CertificateExpired(this ILogger logger, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate is not valid before {Begins:u}: clients that have not pinned its fingerprint refuse it.")]
    public static partial void CertificateNotYetValid(this ILogger logger, DateTimeOffset begins);
}
