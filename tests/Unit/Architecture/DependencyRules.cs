using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace P2PShare.Unit.Architecture;

/// <summary>Each package has its reason in docs/dependencies.md, and the page names no package that is gone.</summary>
public sealed class DependencyRules
{
    private static readonly string[] Sources = ["src", "tests"];

    [Fact]
    public void The_page_names_the_packages_that_are_used()
    {
        var rows = File.ReadLines(Repository.Combine("docs", "dependencies.md")).Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .SelectMany(line => line.Split('|')[1].Split(',')).Select(name => name.Trim()).Except(["package", "---"]);

        var used = XDocument.Load(Repository.Combine("Directory.Packages.props")).Descendants()
            .Where(element => element.Name.LocalName is "PackageVersion" or "GlobalPackageReference").Select(element => (string)element.Attribute("Include")!);

        // A tool and a package that is only downloaded have their versions elsewhere.
        var tools = JsonDocument.Parse(File.ReadAllText(Repository.Combine(".config", "dotnet-tools.json"))).RootElement.GetProperty("tools")
            .EnumerateObject().Select(tool => tool.Name);
        var downloads = Sources.SelectMany(folder => Directory.EnumerateFiles(Repository.Combine(folder), "*.targets", SearchOption.AllDirectories))
            .SelectMany(file => XDocument.Load(file).Descendants().Where(element => element.Name.LocalName == "PackageDownload"))
            .Select(element => Regex.Replace((string)element.Attribute("Include")!, @"\.\$\(.*", ""));
        var elsewhere = tools.Concat(downloads).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Subset(rows.ToHashSet(StringComparer.OrdinalIgnoreCase), elsewhere);

        Assert.Equal(used.Order(StringComparer.Ordinal), rows.Where(name => !elsewhere.Contains(name)).Order(StringComparer.Ordinal));
    }
}
