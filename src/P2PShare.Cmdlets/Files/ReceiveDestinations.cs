using P2PShare.Protocol;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Cmdlets.Files;

/// <summary>Where the files that are received together go: a path has one content, so that none replaces what was received a moment before.</summary>
/// <param name="folder">As of <see cref="DestinationNames"/>.</param>
internal sealed class ReceiveDestinations(string folder)
{
    private readonly DestinationNames _names = new(folder);
    private readonly Dictionary<string, P2PFile> _files = new(LocalTree.PathComparer);

    /// <summary>Takes the path of a file.</summary>
    /// <exception cref="P2PShareException">As <see cref="DestinationNames.Take"/>, or DestinationInvalid: another content goes there.</exception>
    public string Take(P2PFile file)
    {
        var path = _names.Take(file.Name, file.CaseConflict);
        if (_files.TryAdd(path, file) || _files[path].Content == file.Content)
        {
            return path;
        }

        throw new P2PShareException(
            ErrorCode.DestinationInvalid,
            $"{Describe(file)} is not received, because {Describe(_files[path])} is, and both would be '{path}'. Choose one of them, or receive them into different folders.");
    }

    /// <summary>Gives a path back whose file is not received after all.</summary>
    public void Release(string path) => _files.Remove(path);

    private static string Describe(P2PFile file) =>
        $"'{file.Name}' of group '{file.Group}'{(file.Version is { } version ? $", version {version}," : "")}";
}
