using System.Reflection;

namespace P2PShare.Shell;

/// <summary>Finds the P2PShare module that this program imports.</summary>
internal static class ModuleLocation
{
    private const string Manifest = "P2PShare.psd1";

    /// <summary>The module's manifest.</summary>
    /// <param name="wanted">The folder or manifest that <c>--module</c> names; null: beside the program, else in the build's output.</param>
    /// <exception cref="ShellException">The module was not found.</exception>
    public static string Find(string? wanted)
    {
        string?[] candidates = wanted is null
            ? new[] { Path.Combine(AppContext.BaseDirectory, "P2PShare"), BuildOutput() }
            : [wanted];
        foreach (var candidate in candidates.OfType<string>())
        {
            var manifest = candidate.EndsWith(".psd1", StringComparison.OrdinalIgnoreCase) ? candidate : Path.Combine(candidate, Manifest);
            if (File.Exists(manifest))
            {
                return Path.GetFullPath(manifest);
            }
        }

        throw new ShellException(
            $"The P2PShare module was not found in {string.Join(" or ", candidates.OfType<string>().Select(path => $"'{path}'"))}. "
            + "Build it with 'dotnet build', or name its folder with --module.");
    }

    private static string? BuildOutput() => typeof(ModuleLocation).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(attribute => attribute.Key == "ModuleFolder")?.Value;
}
