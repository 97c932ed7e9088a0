namespace P2PShare.Transfer.Storage;

/// <summary>What shows that a file is the one that was hashed, and that no program has written to it since.</summary>
/// <param name="Size">In bytes.</param>
/// <param name="Identity">Null if the system does not report it.</param>
internal readonly record struct FileStamp(long Size, DateTimeOffset Modified, FileIdentity? Identity);

/// <summary>Tells files apart that have the same size and write time.</summary>
/// <param name="Device">The device; on Windows the volume's serial number. It may differ after a restart of the system.</param>
/// <param name="File">The inode; on Windows the file index of the volume.</param>
/// <param name="Changed">
/// The change time, which no program can set: nanoseconds since 1970, on Windows 100 nanoseconds since 1601.
/// </param>
public readonly record struct FileIdentity(long Device, long File, long Changed)
{
    // Longer than the step of the times of a file system: of one that keeps whole seconds, and of one that keeps parts of them.
    private static readonly TimeSpan CoarseStep = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan FineStep = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether a change from now on gets another change time. False on other systems than Linux, where this is not known.</summary>
    /// <param name="now">The system's time.</param>
    internal bool HasSettled(DateTimeOffset now)
    {
        var step = Changed % 1_000_000_000 == 0 ? CoarseStep : FineStep;
        return OperatingSystem.IsLinux() && Changed / 1_000_000 <= (now - step).ToUnixTimeMilliseconds();
    }

    /// <summary>Whether this is the same file, and neither its bytes nor its attributes were changed. The device does not count.</summary>
    public bool IsUnchanged(FileIdentity other) => File == other.File && Changed == other.Changed;
}
