namespace P2PShare.Support;

/// <summary>A small file system whose files can share storage: xfs in a file, mounted in a folder until disposal.</summary>
internal sealed class ReflinkDisk : IDisposable
{
    // Nothing smaller is made.
    private const long Size = 320L << 20;

    private readonly TemporaryFolder _folder = new();

    private ReflinkDisk() => Directory.CreateDirectory(Path);

    /// <summary>Where it is mounted.</summary>
    public string Path => _folder.Combine("disk");

    /// <summary>Bytes that are free.</summary>
    public long Free => new DriveInfo(Path).AvailableFreeSpace;

    public static ReflinkDisk Make() => TryMake() ?? throw new InvalidOperationException("mkfs.xfs or mount failed.");

    public static bool CanBeMade()
    {
        using var disk = TryMake();
        return disk is not null;
    }

    public void Dispose()
    {
        CommandProbe.Succeeds("umount", "--lazy", Path);
        _folder.Dispose();
    }

    private static ReflinkDisk? TryMake()
    {
        var disk = new ReflinkDisk();
        var image = disk._folder.Combine("image");
        using (var file = File.Create(image))
        {
            file.SetLength(Size);
        }

        if (CommandProbe.Succeeds("mkfs.xfs", "-q", "-m", "reflink=1", image) && CommandProbe.Succeeds("mount", "-o", "loop", image, disk.Path))
        {
            return disk;
        }

        disk._folder.Dispose();
        return null;
    }
}
