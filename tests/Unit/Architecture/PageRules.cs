using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace P2PShare.Unit.Architecture;

/// <summary>What the pages about the code say is so.</summary>
public sealed partial class PageRules
{
    private const string Map = "docs/architecture.md";

    // Names of the map that are not this project's.
    private static readonly string[] Foreign = ["TimeProvider", "CancellationToken"];

    private static readonly string[] Roots = ["src", "tests"];

    private static readonly string Page = File.ReadAllText(Repository.Combine(Map));

    [Theory]
    [InlineData("P2PShare.Transfer")]
    [InlineData("P2PShare.TrackerHost")]
    public void The_map_has_the_folders_that_there_are(string room)
    {
        var table = Page[Page.IndexOf($"| folder of `src/{room}` |", StringComparison.Ordinal)..];
        var rows = table[..table.IndexOf("\n\n", StringComparison.Ordinal)].Split('\n').Skip(2);
        var listed = rows.SelectMany(row => Code().Matches(row.Split('|')[1])).Select(match => match.Groups[1].Value);

        var existing = Directory.GetDirectories(Repository.Combine("src", room)).Select(Path.GetFileName).Except(["bin", "obj"]);

        Assert.Equal(existing.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_map_names_types_that_there_are()
    {
        var names = Code().Matches(Page).Select(match => match.Groups[1].Value).Where(name => TypeName().IsMatch(name)).Distinct();

        ViolationList.AssertEmpty([.. names.Except(FilesAndFolders()).Except(Foreign)]);
    }

    [Theory]
    [InlineData(Map)]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("SECURITY.md")]
    public void A_path_on_a_page_about_the_code_exists(string page)
    {
        var text = File.ReadAllText(Repository.Combine(page));
        var folder = Path.GetDirectoryName(Repository.Combine(page))!;
        var links = Link().Matches(text).Select(match => Path.Combine(folder, match.Groups[1].Value));
        // What the build makes is not there in a fresh clone.
        var paths = Code().Matches(text).Select(match => match.Groups[1].Value)
            .Where(name => TreePath().IsMatch(name) && !name.StartsWith("out/", StringComparison.Ordinal)).Select(name => Repository.Combine(name));

        ViolationList.AssertEmpty([.. links.Concat(paths).Where(path => !Path.Exists(path))]);
    }

    [Fact]
    public void The_changelog_has_a_version_for_the_product()
    {
        var product = XDocument.Load(Repository.Combine("Directory.Build.props")).Descendants("Version").Single().Value;

        var latest = File.ReadLines(Repository.Combine("CHANGELOG.md")).Select(line => Version().Match(line)).First(match => match.Success);

        Assert.Equal(product, latest.Groups[1].Value);
    }

    private static HashSet<string> FilesAndFolders() =>
    [
        .. Roots.SelectMany(root => Directory.EnumerateFileSystemEntries(Repository.Combine(root), "*", new EnumerationOptions { RecurseSubdirectories = true }))
            .Select(path => path.EndsWith(".cs", StringComparison.Ordinal) ? Path.GetFileNameWithoutExtension(path) : Path.GetFileName(path)),
    ];

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("^[A-Z][A-Za-z0-9]+$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^\.?[A-Za-z][\w.]*(/[\w.]+)+$")]
    private static partial Regex TreePath();

    [GeneratedRegex(@"\]\(([^)#:]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$")]
    private static partial Regex Version();
}
