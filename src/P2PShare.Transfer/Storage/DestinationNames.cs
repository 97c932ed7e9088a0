using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// The paths of a group's files in one folder. Names that differ only in case are two files of the group; where the folder does not
/// distinguish them, the second is refused. One caller at a time.
/// </summary>
/// <param name="folder">An existing or new folder; full path.</param>
/// <param name="foldsCase">Whether a folder takes names that differ only in case for one; null: it is tried.</param>
public sealed class DestinationNames(string folder, Func<string, bool>? foldsCase = null)
{
    private readonly Dictionary<string, string> _taken = new(StringComparer.OrdinalIgnoreCase);
    private (string InGroup, string Path)? _lastFolder;
    private bool? _foldsCase;

    /// <summary>Takes the path of a file.</summary>
    /// <param name="name">The file's name in its group, <c>/</c> between folders.</param>
    /// <param name="hasTwin">Whether the group has another name that differs only in case, so that a file that is there already may be that one.</param>
    /// <returns>As <see cref="DestinationPath.Resolve"/>.</returns>
    /// <exception cref="P2PShareException">As <see cref="DestinationPath.Resolve"/>, or <see cref="ErrorCode.DestinationInvalid"/> for the second of two names.</exception>
    public string Take(string name, bool hasTwin = false)
    {
        var path = Resolve(name);
        var other = _taken.TryGetValue(name, out var taken) && taken != name ? taken : hasTwin && taken is null ? FindTwin(path) : null;
        if (other is not null && FoldsCase())
        {
            throw Refuse(name, other);
        }

        _taken.TryAdd(name, name);
        return path;
    }

    // Files of one folder follow each other: it is checked once. What is written later is written into a folder that is no link, whatever was found here.
    private string Resolve(string name)
    {
        var end = name.LastIndexOf('/');
        if (end > 0 && _lastFolder is { } last && name.AsSpan(0, end).SequenceEqual(last.InGroup))
        {
            FileName.CheckPath(name);
            return Path.Combine(last.Path, name[(end + 1)..]);
        }

        var path = DestinationPath.Resolve(folder, name);
        _lastFolder = end > 0 ? (name[..end], Path.GetDirectoryName(path)!) : null;
        return path;
    }

    private bool FoldsCase() => _foldsCase ??= (foldsCase ?? Probe)(folder);

    private P2PShareException Refuse(string name, string other) => new(
        ErrorCode.DestinationInvalid,
        $"'{name}' and '{other}' are one file in the folder '{folder}', which does not distinguish upper and lower case: only the latter is kept. Receive the former into another folder.");

    /// <returns>The name of a file that is there, and differs from that of the path only in case.</returns>
    private static string? FindTwin(string path)
    {
        var parent = new DirectoryInfo(Path.GetDirectoryName(path)!);
        var name = Path.GetFileName(path);
        return parent.Exists
            ? parent.EnumerateFiles().Select(file => file.Name).FirstOrDefault(other => other != name && string.Equals(other, name, StringComparison.OrdinalIgnoreCase))
            : null;
    }

    // Each file system, and on some each folder, has its own rule.
    private static bool Probe(string folder)
    {
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
        {
            folder = parent;
        }

        var probe = Path.Combine(folder, $".p2pshare-case-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(probe);
            var folds = Directory.Exists(Path.Combine(folder, Path.GetFileName(probe).ToUpperInvariant()));
            Directory.Delete(probe);
            return folds;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing can be received into it either.
            return false;
        }
    }
}
