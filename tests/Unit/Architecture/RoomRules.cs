using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace P2PShare.Unit.Architecture;

/// <summary>The rooms: which assembly references which, as docs/architecture.md shows it.</summary>
public sealed class RoomRules
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["P2PShare.Cmdlets"] = ["P2PShare.Protocol", "P2PShare.Transfer"],
        ["P2PShare.Transfer"] = ["P2PShare.Protocol"],
        ["P2PShare.TrackerHost"] = ["P2PShare.Protocol"],
        ["P2PShare.Protocol"] = [],
        ["P2PShare.Shell"] = [],
    };

    // A library, by the beginning of its assemblies' names, and the rooms that may reference it.
    private static readonly (string Library, string[] Rooms)[] Libraries =
    [
        ("System.Management.Automation", ["P2PShare.Cmdlets", "P2PShare.Shell"]),
        ("Microsoft.PowerShell", ["P2PShare.Shell"]),
        ("Microsoft.AspNetCore", ["P2PShare.TrackerHost"]),
        ("Dapper", ["P2PShare.Transfer", "P2PShare.TrackerHost"]),
        ("Microsoft.Data.Sqlite", ["P2PShare.Transfer", "P2PShare.TrackerHost"]),
        ("Npgsql", ["P2PShare.TrackerHost"]),
        ("System.Net.Sockets", ["P2PShare.Cmdlets", "P2PShare.Transfer", "P2PShare.TrackerHost", "P2PShare.Shell"]),
        ("System.Net.Http", ["P2PShare.Transfer", "P2PShare.TrackerHost"]),
    ];

    public static TheoryData<string> Rooms => [.. Arrows.Keys];

    [Fact]
    public void Every_room_is_in_the_plan() => Assert.Equal(
        Arrows.Keys.Order(), Directory.GetDirectories(Repository.Combine("src")).Select(Path.GetFileName).Order());

    [Theory]
    [MemberData(nameof(Rooms))]
    public void An_assembly_references_the_rooms_of_the_plan(string room) => ViolationList.AssertEmpty(FindDifferences(
        room, "uses", [.. AssemblyReferences(room).Where(name => name.StartsWith("P2PShare.", StringComparison.Ordinal))]));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_references_no_room_outside_the_plan(string room) => ViolationList.AssertEmpty(FindExtra(
        room, "references the project", ProjectReferences(XDocument.Load(Repository.Combine("src", room, room + ".csproj")))));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void An_assembly_references_no_library_that_it_may_not_know(string room) =>
        ViolationList.AssertEmpty(FindForbiddenLibraries(room, AssemblyReferences(room)));

    [Fact]
    public void A_wrong_arrow_a_missing_one_and_a_forbidden_library_are_found()
    {
        Assert.Equal(
            ["P2PShare.Transfer → P2PShare.Cmdlets: P2PShare.Transfer uses P2PShare.Cmdlets, which is not in the plan", "P2PShare.Transfer → P2PShare.Protocol is in the plan only"],
            FindDifferences("P2PShare.Transfer", "uses", ["P2PShare.Cmdlets"]));
        Assert.Equal(
            ["P2PShare.Transfer → System.Management.Automation: only P2PShare.Cmdlets, P2PShare.Shell may reference it"],
            FindForbiddenLibraries("P2PShare.Transfer", ["System.Runtime", "Dapper", "System.Management.Automation"]));
    }

    [Fact]
    public void A_reference_that_only_orders_the_build_does_not_count() => Assert.Equal(["P2PShare.B"], ProjectReferences(XDocument.Parse("""
        <Project>
          <ItemGroup>
            <ProjectReference Include="../P2PShare.A/P2PShare.A.csproj" ReferenceOutputAssembly="false" />
            <ProjectReference Include="../P2PShare.B/P2PShare.B.csproj" />
          </ItemGroup>
        </Project>
        """)));

    private static IReadOnlyList<string> FindDifferences(string room, string verb, IReadOnlyList<string> references) =>
        [.. FindExtra(room, verb, references), .. Arrows[room].Except(references).Select(other => $"{room} → {other} is in the plan only")];

    private static IReadOnlyList<string> FindExtra(string room, string verb, IReadOnlyList<string> references) =>
        [.. references.Except(Arrows[room]).Select(other => $"{room} → {other}: {room} {verb} {other}, which is not in the plan")];

    private static IReadOnlyList<string> FindForbiddenLibraries(string room, IEnumerable<string> references) =>
    [
        .. from reference in references
           from rule in Libraries
           where reference.StartsWith(rule.Library, StringComparison.Ordinal) && !rule.Rooms.Contains(room)
           select $"{room} → {reference}: only {string.Join(", ", rule.Rooms)} may reference it",
    ];

    private static IReadOnlyList<string> AssemblyReferences(string room)
    {
        var file = room == "P2PShare.Shell" ? "p2pshare.dll" : room + ".dll";
        using var assembly = new PEReader(File.OpenRead(Repository.Built($"src/{room}", file)));
        var metadata = assembly.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }

    private static IReadOnlyList<string> ProjectReferences(XDocument project) =>
    [
        .. project.Descendants("ProjectReference")
            .Where(reference => !string.Equals((string?)reference.Attribute("ReferenceOutputAssembly"), "false", StringComparison.OrdinalIgnoreCase))
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)),
    ];
}
