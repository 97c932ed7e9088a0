using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>A file that is shared with a group.</summary>
public sealed class P2PFile
{
    internal P2PFile(FileResponse file, bool caseConflict = false)
    {
        Response = file;
        CaseConflict = caseConflict;
        Group = file.Group;
        Name = file.Name;
        Size = file.Size;
        Owner = file.Owner;
        Sources = file.Sources;
        PiecesRoot = file.PiecesRoot?.ToString();
        PieceLength = file.PieceLength;
        Shared = file.Shared.ToLocalTime();
        Modified = file.Modified?.ToLocalTime();
        Executable = file.Executable;
        Version = file.Version;
        KeptUntil = file.KeptUntil?.ToLocalTime();
    }

    public string Group { get; }

    /// <summary>Its name in the group, with <c>/</c> between folders.</summary>
    public string Name { get; }

    /// <summary>Bytes.</summary>
    public long Size { get; }

    /// <summary>The user who shared it first, among those who share it now.</summary>
    public string Owner { get; }

    /// <summary>Number of peers online that have all of it.</summary>
    public int Sources { get; }

    /// <summary>Pieces root (BEP 52) in lower-case hexadecimal digits; null for an empty file, which has none.</summary>
    public string? PiecesRoot { get; }

    /// <summary>Bytes.</summary>
    public int PieceLength { get; }

    /// <summary>The time at which this content was first shared under this name.</summary>
    public DateTimeOffset Shared { get; }

    /// <summary>When the file was last modified on the machine that shared it first; null if that is not known.</summary>
    public DateTimeOffset? Modified { get; }

    /// <summary>Whether the file can be executed where it was shared first; null if that is not known, as on Windows.</summary>
    public bool? Executable { get; }

    /// <summary>How many contents the name has had with this one, from 1; null from a tracker of before.</summary>
    public long? Version { get; }

    /// <summary>Of an earlier version: until when it can be received; null for the current one.</summary>
    public DateTimeOffset? KeptUntil { get; }

    internal FileResponse Response { get; }

    internal GroupIdentity GroupIdentity => Response.GroupIdentity;

    /// <summary>
    /// Whether the group has another file whose name differs only in case: a folder that does not distinguish them can have one of the two.
    /// Only of files that were listed.
    /// </summary>
    public bool CaseConflict { get; }

    internal ContentDescription Content => Response.Content;

    internal EntryAttributes Attributes => Response.Attributes;

    public override string ToString() => $"{Group}: {Name}";
}
