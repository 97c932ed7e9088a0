namespace P2PShare.Transfer.Storage;

/// <summary>What a name in a folder stands for.</summary>
internal enum FileKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link, or on Windows a junction.</summary>
    Link,

    /// <summary>A FIFO, socket or device.</summary>
    Special,
}

/// <summary>What the system reports about a file.</summary>
/// <param name="Mode">Permissions; <see cref="UnixFileMode.None"/> on Windows.</param>
/// <param name="Owner">User id; 0 on Windows.</param>
/// <param name="Links">Names that the file has.</param>
internal readonly record struct FileStatus(FileKind Kind, UnixFileMode Mode, uint Owner, uint Links, FileStamp Stamp)
{
    /// <summary>Group id; 0 on systems other than Linux.</summary>
    public uint Group { get; init; }

    /// <summary>Whether both are about one file, whatever was written to it.</summary>
    public bool IsSameFile(FileStatus other) =>
        Stamp.Identity is { } mine && other.Stamp.Identity is { } theirs && mine.Device == theirs.Device && mine.File == theirs.File;
}
