using System.Xml.Linq;

namespace P2PShare.Unit.Architecture;

/// <summary>Each package has its reason in docs/dependencies.md, and the page names no package that is gone.</summary>
public sealed class DependencyRules
{
    [Fact]
    public void The_page_names_the_packages_that_are_used()
    {
        var rows = File.ReadLines(Repository.Combine("docs", "dependencies.md")).Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .SelectMany(line => line.Split('|')[1].Split(',')).Select(name => name.Trim()).Except(["package", "---"]);

        var used = XDocument.Load(Repository.Combine("Directory.Packages.props")).Descendants()
            .Where(element => element.Name.LocalName is "PackageVersion" or "GlobalPackageReference").Select(element => (string)element.Attribute("Include")!);

        Assert.Equal(used.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }
}
