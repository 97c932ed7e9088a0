using System.Runtime.InteropServices;

namespace P2PShare.Support;

/// <summary>The ASP.NET Core runtime of these tests, as Microsoft's archive has it: the host and two frameworks, no SDK.</summary>
internal static class DotnetRuntime
{
    private static readonly DirectoryInfo Framework = new(RuntimeEnvironment.GetRuntimeDirectory());

    public static string Version => Framework.Name;

    /// <summary>Its files and their paths below the folder in which .NET is installed.</summary>
    public static IEnumerable<(string Path, string Name)> Files
    {
        get
        {
            var root = Framework.Parent!.Parent!.Parent!.FullName;
            string[] folders = ["host/fxr", $"shared/Microsoft.NETCore.App/{Version}", $"shared/Microsoft.AspNetCore.App/{Version}"];
            return folders
                .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*", SearchOption.AllDirectories))
                .Append(Path.Combine(root, "dotnet"))
                .Select(path => (path, Path.GetRelativePath(root, path)));
        }
    }

    public static void CopyTo(string folder)
    {
        foreach (var (path, name) in Files)
        {
            var target = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }
}
