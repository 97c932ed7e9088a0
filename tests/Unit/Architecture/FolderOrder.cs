using System.Reflection;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;

namespace P2PShare.Unit.Architecture;

/// <summary>The folders of a room from top to bottom. A folder may use those below it, and no other.</summary>
/// <param name="room">The namespace of the assembly, such as <c>P2PShare.Transfer</c>.</param>
/// <param name="folders">Names below the room; an empty one is the room's own folder.</param>
internal sealed class FolderOrder(string room, params string[] folders)
{
    /// <summary>What the assembly does against the order.</summary>
    /// <returns>A line for each pair of types: the arrow, the type that uses, and the type that is used.</returns>
    public IReadOnlyList<string> FindWrongArrows(System.Reflection.Assembly assembly)
    {
        var types = new ArchLoader().LoadAssembly(assembly).Build().Types.Where(type => FolderOf(type) is not null).ToList();
        return [.. types.SelectMany(FindWrongArrows).Concat(types.Where(IsUnlisted).Select(type => $"'{FolderOf(type)}' is not in the order: {type.FullName}")).Distinct().Order()];
    }

    /// <summary>The folders of the order in which the assembly has no type.</summary>
    public IReadOnlyList<string> FindEmptyFolders(System.Reflection.Assembly assembly)
    {
        var used = assembly.GetTypes().Select(type => FolderOf(type.Namespace)).ToHashSet();
        return [.. folders.Where(folder => !used.Contains(folder))];
    }

    private IEnumerable<string> FindWrongArrows(IType type) => type.Dependencies
        .Select(dependency => dependency.Target)
        .Where(target => FolderOf(target) is { } used && used != FolderOf(type) && Array.IndexOf(folders, used) < Array.IndexOf(folders, FolderOf(type)))
        .Select(target => $"{NameOf(type)} → {NameOf(target)}: {type.FullName} uses {target.FullName}");

    private bool IsUnlisted(IType type) => !folders.Contains(FolderOf(type));

    private string NameOf(IType type) => FolderOf(type) is { Length: > 0 } folder ? folder : $"({room})";

    // A type parameter has no namespace.
    private string? FolderOf(IType type) => FolderOf(type.Namespace?.FullName);

    // Null: not of this room.
    private string? FolderOf(string? space) => space == room ? ""
        : space?.StartsWith(room + ".", StringComparison.Ordinal) == true ? space[(room.Length + 1)..].Split('.')[0]
        : null;
}
