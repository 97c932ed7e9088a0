using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Storage;

/// <summary>What to download and where to put it.</summary>
/// <param name="Group">The group that has the file. Of a download that an earlier version saved, the id is empty until a peer server has looked it up.</param>
/// <param name="Name">The file's name in the group.</param>
/// <param name="Destination">Full path of the file to make, from <see cref="DestinationPath"/>.</param>
/// <param name="Overwrite">Whether to replace an existing file at <paramref name="Destination"/>.</param>
public sealed record DownloadRequest(GroupIdentity Group, string Name, ContentDescription Content, string Destination, bool Overwrite)
{
    /// <summary>
    /// Whether an existing file at <see cref="Destination"/> is changed piece by piece, and not replaced by a file beside it: that takes no
    /// second file's space, and until the download is complete there is no usable file. Has no effect if there is none.
    /// </summary>
    public bool InPlace { get; init; }

    /// <summary>What the file gets when it is complete.</summary>
    public EntryAttributes Attributes { get; init; } = EntryAttributes.None;

    /// <summary>Whether it is an earlier version of the name: it is offered for now, and the next peer server offers what has the name.</summary>
    public bool IsEarlier { get; init; }

    /// <summary>Local files whose bytes may be taken instead of fetched. Not kept: a download that a later shell resumes has none.</summary>
    public IReadOnlyList<ReuseFile> ReuseFrom { get; init; } = [];

    /// <summary>Whether <see cref="ReuseFrom"/> can be of use. A smaller content is fetched sooner than its chunk map.</summary>
    public bool CanReuse => Content.Size > ContentMessage.MaxSize;

    /// <summary>The folder that a person named: no link below it is followed. Unless it is set, the destination without the file's name in the group.</summary>
    public string Root
    {
        get
        {
            if (field is not null)
            {
                return field;
            }

            var name = Path.DirectorySeparatorChar + Name.Replace('/', Path.DirectorySeparatorChar);
            return Destination.EndsWith(name, StringComparison.Ordinal) && Destination.Length > name.Length
                ? Destination[..^name.Length]
                : Path.GetDirectoryName(Destination)!;
        }

        init;
    }
}
