namespace P2PShare.TrackerHost.Hosting;

/// <summary>What the tracker writes to its log. No secret, no password, no token, ever.</summary>
internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The database does not answer.")]
    public static partial void DatabaseSilent(this ILogger logger, Exception exception);

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

    [LoggerMessage(Level = LogLevel.Error, Message = "Forgetting what has expired failed; it is tried again in {Interval}.")]
    public static partial void HousekeepingFailed(this ILogger logger, Exception exception, TimeSpan interval);
}
