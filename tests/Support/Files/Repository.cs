namespace P2PShare.Support;

/// <summary>The source tree that these tests were built from, and what the build left in it.</summary>
internal static class Repository
{
    private static readonly DirectoryInfo Output = new(AppContext.BaseDirectory);

    public static string Root { get; } = FindRoot();

    /// <summary>The manifest of the built module.</summary>
    public static string ModuleManifest { get; } = Combine("out", "P2PShare", "P2PShare.psd1");

    public static string Combine(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A file that a project's build left, of the same configuration and framework as these tests.</summary>
    /// <param name="project">The project's folder, such as <c>src/P2PShare.Shell</c>.</param>
    public static string Built(string project, string file) =>
        Combine([.. project.Split('/'), "bin", Output.Parent!.Name, Output.Name, file]);

    private static string FindRoot()
    {
        for (var folder = Output; folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "P2PShare.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"There is no P2PShare.sln above {Output.FullName}: run the tests where they were built.");
    }
}
