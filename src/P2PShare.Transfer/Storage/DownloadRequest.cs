using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Storage;

/// <summary>What to download and where to put it.</summary>
/// <param name="Group">The group that has the file.</param>
/// <param name="Name">The file's name in the group.</param>
/// <param name="Destination">Full path of the file to make, from <see cref="DestinationPath"/>.</param>
/// <param name="Overwrite">Whether to replace an existing file at <paramref name="Destination"/>.</param>
public sealed record DownloadRequest(string Group, string Name, ContentDescription Content, string Destination, bool Overwrite)
{
    /// <summary>The folder that a person named: the destination without the file's name in the group.</summary>
    internal string Root
    {
        get
        {
            var name = Path.DirectorySeparatorChar + Name.Replace('/', Path.DirectorySeparatorChar);
            return Destination.EndsWith(name, StringComparison.Ordinal) && Destination.Length > name.Length
                ? Destination[..^name.Length]
                : Path.GetDirectoryName(Destination)!;
        }
    }
}
