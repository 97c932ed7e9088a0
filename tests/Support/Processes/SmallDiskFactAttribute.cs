namespace P2PShare.Support;

/// <summary>
/// A test that needs a small disk: a tmpfs which only a child process and its own see, and which is gone with it. If the
/// system lets no user mount one, the test is skipped with that reason.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    private static readonly Lazy<string[]?> Way = new(Find);

    public SmallDiskFactAttribute()
    {
        if (Way.Value is null)
        {
            Skip = "Needs Linux, and unshare and mount that work here: as root, or in a user namespace.";
        }
    }

    /// <summary>What a process is started with so that it finds an empty disk at a path.</summary>
    /// <param name="path">An existing folder.</param>
    /// <param name="megabytes">Room on the disk, in MiB.</param>
    public static string[] Wrapper(string path, int megabytes) =>
        [.. Way.Value!, "sh", "-c", $"mount -t tmpfs -o size={megabytes}m tmpfs \"$0\" && exec \"$@\"", path];

    private static string[]? Find() =>
        !OperatingSystem.IsLinux() ? null : Array.Find<string[]>([["unshare", "--map-root-user", "--mount"], ["unshare", "--mount"]], Works);

    private static bool Works(string[] way) => CommandProbe.Succeeds([.. way, "mount", "-t", "tmpfs", "tmpfs", Path.GetTempPath()]);
}
