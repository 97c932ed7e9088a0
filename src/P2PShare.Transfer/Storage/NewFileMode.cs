namespace P2PShare.Transfer.Storage;

/// <summary>The permissions that a new file of this process has: the user's own choice, by the umask.</summary>
internal static class NewFileMode
{
    private const UnixFileMode All = (UnixFileMode)0x1b6;
    private const UnixFileMode Usual = PrivateFile.Mode | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode AllRead = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static UnixFileMode Value { get; } = Read();

    /// <summary>The same permissions for a file that can be executed, by those who can read it.</summary>
    public static UnixFileMode MakeExecutable(UnixFileMode mode) => mode | (UnixFileMode)((int)(mode & AllRead) >> 2);

    // The call that returns the umask sets it as well, for all threads: a file that another thread makes meanwhile would get a wrong mode.
    private static UnixFileMode Read()
    {
        try
        {
            var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("Umask:", StringComparison.Ordinal));
            return line is null ? Usual : All & ~(UnixFileMode)Convert.ToInt32(line[6..].Trim(), fromBase: 8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return Usual;
        }
    }
}
