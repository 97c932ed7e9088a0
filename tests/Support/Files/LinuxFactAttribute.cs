namespace P2PShare.Support;

/// <summary>A test of what only Linux keeps; skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    private bool _asRoot;

    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "It needs Linux.";

    /// <summary>Whether it needs files of two users, which only root can make.</summary>
    public bool AsRoot
    {
        get => _asRoot;
        set
        {
            _asRoot = value;
            Skip ??= value && UnixFile.UserId != 0 ? "It needs root, to make a file of another user." : null;
        }
    }
}
