using P2PShare.Transfer.Syncing;

namespace P2PShare;

/// <summary>The change of a file that made a folder equal to a group.</summary>
public enum P2PSyncAction
{
    /// <summary>The file was missing.</summary>
    Received,

    /// <summary>The file had other bytes.</summary>
    Replaced,

    /// <summary>The group does not have the file.</summary>
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

    /// <summary>The file's name in the group, with <c>/</c> between folders.</summary>
    public string Name { get; }

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Bytes; of a deleted file its former size.</summary>
    public long Size { get; }

    public DateTimeOffset Time { get; }

    public override string ToString() => $"{Action} {Path}";
}
