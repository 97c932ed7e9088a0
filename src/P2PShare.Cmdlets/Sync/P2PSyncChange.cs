using P2PShare.Transfer.Syncing;

namespace P2PShare;

/// <summary>What was done to a file to make a folder equal to a group.</summary>
public enum P2PSyncAction
{
    /// <summary>It was missing.</summary>
    Received,

    /// <summary>It had other bytes.</summary>
    Replaced,

    /// <summary>The group does not have it.</summary>
    Deleted,
}

/// <summary>A change that Sync-P2PGroup made in a folder.</summary>
public sealed class P2PSyncChange
{
    internal P2PSyncChange(P2PSyncAction action, string group, SyncChange change)
    {
        Action = action;
        Group = group;
        Name = change.Name;
        Path = change.Path;
        Size = change.Size;
        Time = TimeProvider.System.GetLocalNow();
    }

    public P2PSyncAction Action { get; }

    public string Group { get; }

    /// <summary>Relative to the folder, <c>/</c> between folders: the file's name in the group.</summary>
    public string Name { get; }

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Bytes; of a deleted file what it had.</summary>
    public long Size { get; }

    public DateTimeOffset Time { get; }

    public override string ToString() => $"{Action} {Path}";
}
