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
    /// <summary>Whether this is the same file, and neither its bytes nor its attributes were changed. The device does not count.</summary>
    public bool IsUnchanged(FileIdentity other) => File == other.File && Changed == other.Changed;
}
