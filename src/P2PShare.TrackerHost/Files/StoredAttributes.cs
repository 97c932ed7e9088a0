namespace P2PShare.TrackerHost.Files;

/// <summary>The attributes of an entry as the database has them.</summary>
internal static class StoredAttributes
{
    /// <summary>In steps of 100 nanoseconds since 1970.</summary>
    public static long? Write(DateTimeOffset? modified) => modified is { } known ? (known - DateTimeOffset.UnixEpoch).Ticks : null;

    public static long? Write(bool? executable) => executable is { } known ? known ? 1 : 0 : null;

    public static DateTimeOffset? ReadModified(long? stored) => stored is { } known ? DateTimeOffset.UnixEpoch.AddTicks(known) : null;

    public static bool? ReadExecutable(long? stored) => stored is { } known ? known != 0 : null;
}
