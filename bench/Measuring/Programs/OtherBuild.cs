using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>Another version of this program and its tracker, built in a checkout of its own.</summary>
/// <param name="Assembly">Of this program.</param>
/// <param name="Tracker">The tracker's program.</param>
internal sealed record OtherBuild(string Assembly, string Tracker)
{
    /// <summary>Finds what the build of a checkout has left where that of this one left the same.</summary>
    /// <param name="folder">The checkout.</param>
    /// <exception cref="BenchException">It was not built so.</exception>
    public static OtherBuild Find(string folder)
    {
        var root = Path.GetFullPath(folder);
        return new OtherBuild(Find(root, OwnProgram.AssemblyPath), Find(root, Repository.TrackerProgram));
    }

    private static string Find(string root, string own) =>
        Path.Combine(root, Path.GetRelativePath(Repository.Folder, own)) is var path && File.Exists(path)
            ? path
            : throw new BenchException($"'{path}' does not exist; build it: dotnet build -c Release {Path.Combine(root, "bench")}");
}
