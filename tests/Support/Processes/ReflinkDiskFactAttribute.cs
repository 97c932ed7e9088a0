namespace P2PShare.Support;

/// <summary>A test that needs <see cref="ReflinkDisk"/>; it is skipped where that cannot be made.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ReflinkDiskFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> Works = new(() => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && ReflinkDisk.CanBeMade());

    public ReflinkDiskFactAttribute()
    {
        if (!Works.Value)
        {
            Skip = "Needs Linux, root, mkfs.xfs (xfsprogs), and a kernel with xfs and loop devices.";
        }
    }
}
