using System.Text.RegularExpressions;

namespace P2PShare.Support;

/// <summary>The files that a container engine receives for a build: those of a folder that its .dockerignore does not leave out.</summary>
internal static class BuildContext
{
    /// <returns>Paths below the folder, with slashes.</returns>
    public static IReadOnlyList<string> Files(string folder, string ignoreFile)
    {
        // The last pattern that matches a path, or a folder above it, decides.
        var rules = File.ReadAllLines(ignoreFile)
            .Select(line => line.Trim())
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => (Keep: line[0] == '!', Pattern: ToRegex(line.TrimStart('!'))))
            .ToList();
        return [.. Directory
            .EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))
            .Where(path => rules.LastOrDefault(rule => rule.Pattern.IsMatch(path), (Keep: true, Pattern: null!)).Keep)
            .Order(StringComparer.Ordinal)];
    }

    private static Regex ToRegex(string pattern)
    {
        var text = Regex.Escape(pattern).Replace(@"\*\*/", "(.*/)?", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal);
        return new Regex($"^{text}(/.*)?$", RegexOptions.CultureInvariant);
    }
}
