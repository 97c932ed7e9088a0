using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Measuring;

/// <summary>A new folder under the system's temporary one (TMPDIR), deleted with all that is in it.</summary>
internal sealed class WorkFolder : IDisposable
{
    public WorkFolder() => Reaper.Watch(Leftover.Folder, Path);

    public string Path { get; } = Directory.CreateTempSubdirectory("p2pshare-bench-").FullName;

    /// <summary>A path in it.</summary>
    public string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes a folder in it.</summary>
    public string Make(string name) => Directory.CreateDirectory(At(name)).FullName;

    public void Dispose()
    {
        Directory.Delete(Path, recursive: true);
        Reaper.Release(Leftover.Folder, Path);
    }
}
