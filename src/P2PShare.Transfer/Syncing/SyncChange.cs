using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Syncing;

/// <summary>What makes a file of a folder equal to the group's.</summary>
public enum SyncAction
{
    /// <summary>The file is missing.</summary>
    Receive,

    /// <summary>The file has another content, or is a link.</summary>
    Replace,

    /// <summary>The group does not have the file.</summary>
    Delete,
}

/// <summary>A change that a <see cref="FolderSync"/> proposes.</summary>
/// <param name="Name">The file's name in the group.</param>
/// <param name="Path">Full path.</param>
/// <param name="Size">Bytes of the group's file; for a deletion, of the local one.</param>
public sealed record SyncChange(SyncAction Action, string Name, string Path, long Size)
{
    /// <summary>What to download; null for a deletion.</summary>
    public DownloadRequest? Request { get; init; }
}

/// <summary>A local file whose content has to be hashed to compare it.</summary>
public sealed record FileToHash(string Path, FileResponse File);

/// <summary>A file that cannot be synced.</summary>
/// <param name="Target">The file's name in the group, or a path.</param>
public sealed record SyncFault(string Target, P2PShareException Fault);
