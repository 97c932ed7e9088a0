using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// Where the files of a copy go, by the rule of Copy-Item: into the destination if it is a folder; otherwise a single file or folder gets
/// the destination's name.
/// </summary>
internal sealed class CopyDestination
{
    private readonly DestinationNames _names;
    private readonly string? _newName;

    /// <param name="path">Full path of a folder that exists, or of a file or folder to make.</param>
    /// <param name="isSingle">Whether there is one file or one folder to copy.</param>
    public CopyDestination(string path, bool isSingle)
    {
        var trimmed = Path.TrimEndingDirectorySeparator(path);
        _newName = isSingle && trimmed.Length == path.Length && !Directory.Exists(path) ? Path.GetFileName(trimmed) : null;
        Folder = _newName is null ? trimmed : Path.GetDirectoryName(trimmed)!;
        _names = new DestinationNames(Folder);
    }

    /// <summary>The folder that the files are received into.</summary>
    public string Folder { get; }

    /// <summary>Takes the path of a file.</summary>
    /// <param name="name">The file's name in the group.</param>
    /// <inheritdoc cref="DestinationNames.Take"/>
    public string Take(string name)
    {
        if (_newName is null)
        {
            return _names.Take(name);
        }

        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return _names.Take(slash < 0 ? _newName : _newName + name[slash..]);
    }
}
