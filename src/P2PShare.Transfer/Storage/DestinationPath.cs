using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>Where a file of a group goes on this machine. The name comes from another machine and is not trusted.</summary>
public static class DestinationPath
{
    /// <summary>Combines a folder and a file's name in a group.</summary>
    /// <param name="folder">An existing or new folder; full path.</param>
    /// <param name="name">The file's name in its group, <c>/</c> between folders.</param>
    /// <returns>A full path beneath <paramref name="folder"/>.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidFileName"/>, or <see cref="ErrorCode.DestinationInvalid"/> if a symbolic link would lead out of the folder.
    /// </exception>
    public static string Resolve(string folder, string name)
    {
        FileName.CheckPath(name);
        var path = Path.GetFullPath(folder);
        var segments = name.Split('/');
        foreach (var segment in segments.SkipLast(1))
        {
            path = Path.Combine(path, segment);
            if (new DirectoryInfo(path) is { Exists: true, LinkTarget: not null } or { LinkTarget: not null })
            {
                throw new P2PShareException(
                    ErrorCode.DestinationInvalid,
                    $"'{path}' is a symbolic link, and '{name}' would be written through it. Remove the link or choose another destination.");
            }
        }

        return Path.Combine(path, segments[^1]);
    }
}
