using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>What the tracker writes to its log. No secret, no password, no token, ever.</summary>
internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The database is away; requests are answered with 503 until it is back.")]
    public static partial void DatabaseAway(this ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is back.")]
    public static partial void DatabaseBack(this ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "There is no room for the database: writes are answered with 507 until there is, and reads go on.")]
    public static partial void DatabaseFull(this ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is room for the database again.")]
    public static partial void DatabaseHasRoom(this ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "New events could not be read; it is tried again in {Interval}.")]
    public static partial void EventsUnread(this ILogger logger, Exception exception, TimeSpan interval);

    [LoggerMessage(Level = LogLevel.Error, Message = "When peers were seen last could not be written; it will be with their next announces.")]
    public static partial void LastSeenUnwritten(this ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Forgetting what has expired failed; it is tried again in {Interval}.")]
    public static partial void HousekeepingFailed(this ILogger logger, Exception exception, TimeSpan interval);

    [LoggerMessage(Level = LogLevel.Information, Message = "The certificate was replaced; its fingerprint is {Fingerprint}, and it expires at {Expires:u}.")]
    public static partial void CertificateReplaced(this ILogger logger, Hash256 fingerprint, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The tracker has another fingerprint, {After} instead of {Before}: who pinned the old one has to be told.")]
    public static partial void FingerprintChanged(this ILogger logger, Hash256 before, Hash256 after);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate's files have changed but cannot be used; the one before, which expires at {Expires:u}, stays in use. {Reason}")]
    public static partial void CertificateKept(this ILogger logger, string reason, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate expires soon, at {Expires:u}: renew it.")]
    public static partial void CertificateExpiresSoon(this ILogger logger, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate expired at {Expires:u}: clients that have not pinned its fingerprint refuse it.")]
    public static partial void CertificateExpired(this ILogger logger, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate is valid from {Begins:u} only: clients that have not pinned its fingerprint refuse it.")]
    public static partial void CertificateNotYetValid(this ILogger logger, DateTimeOffset begins);

    [LoggerMessage(Level = LogLevel.Error, Message = "Not ready: {Reason}")]
    public static partial void NotReady(this ILogger logger, Exception? exception, string reason);
}
