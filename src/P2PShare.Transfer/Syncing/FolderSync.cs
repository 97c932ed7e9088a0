using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Syncing;

/// <summary>
/// One pass that makes a folder equal to files of a group. It decides what to delete, to hash and to receive, in this order: the
/// caller approves each change, hashes and receives. For one caller at a time.
/// </summary>
public sealed class FolderSync
{
    private readonly string _folder;
    private readonly string _group;
    private readonly IReadOnlyList<FileResponse> _files;
    private readonly Func<string, ContentDescription?> _findUnchanged;
    private readonly DestinationNames _names;
    private readonly List<SyncFault> _faults = [];
    private readonly Dictionary<string, FileResponse> _wanted = new(StringComparer.Ordinal);
    private readonly List<FileToHash> _toHash = [];
    private readonly List<(string Name, HashedFile File)> _equal = [];
    private readonly List<SyncChange> _toReceive = [];

    /// <param name="folder">Full path; it need not exist.</param>
    /// <param name="files">The files of the group that the folder shall have.</param>
    /// <param name="findUnchanged">What a path was hashed to, if it has not changed since; otherwise null.</param>
    public FolderSync(string folder, string group, IReadOnlyList<FileResponse> files, Func<string, ContentDescription?> findUnchanged)
    {
        (_folder, _group, _files, _findUnchanged) = (folder, group, files, findUnchanged);
        _names = new DestinationNames(folder);
        foreach (var file in files)
        {
            Want(file);
        }
    }

    /// <summary>Files that cannot be synced, each with its reason; others are not affected.</summary>
    public IReadOnlyList<SyncFault> Faults => _faults;

    /// <summary>After <see cref="Compare"/>: files that only their pieces root can tell apart.</summary>
    public IReadOnlyList<FileToHash> ToHash => _toHash;

    /// <summary>Files that <see cref="Judge"/> found to be the group's already, with their names in the group.</summary>
    public IReadOnlyList<(string Name, HashedFile File)> Equal => _equal;

    /// <summary>Files to receive, in the order of their names; complete when everything of <see cref="ToHash"/> was judged.</summary>
    public IReadOnlyList<SyncChange> ToReceive => [.. _toReceive.OrderBy(change => change.Name, StringComparer.Ordinal)];

    /// <summary>
    /// Local files that the group does not have. They are deleted before the comparison, because a file may have the path of a
    /// folder that a file of the group needs.
    /// </summary>
    /// <param name="isCovered">Whether a name belongs to what is synced.</param>
    /// <remarks>What is in a folder that cannot be read is not known: such a folder is a fault, and nothing below it is returned.</remarks>
    public IReadOnlyList<SyncChange> FindExtra(Func<string, bool> isCovered)
    {
        // By name and not by path: a name that cannot be written on this system is still a file of the group.
        var names = _files.Select(file => file.Name).ToHashSet(LocalTree.PathComparer);
        var local = LocalTree.Read(_folder, TimeProvider.System);
        _faults.AddRange(local.Faults);
        return [.. local.Files
            .Where(file => !file.Name.EndsWith(FileName.PartSuffix, StringComparison.OrdinalIgnoreCase))
            .Where(file => isCovered(file.Name) && !names.Contains(file.Name))
            .Select(file => new SyncChange(SyncAction.Delete, file.Name, file.Path, SizeOf(file.Path)))];
    }

    // 0 for a file that has gone since the folder was listed.
    private static long SizeOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Deletes a file that <see cref="FindExtra"/> returned, and folders that are empty then.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnwritable"/>.</exception>
    public void Delete(SyncChange extra) => LocalTree.Delete(_folder, extra.Path);

    /// <summary>Compares the group's files with the folder as far as that is possible without reading them.</summary>
    public void Compare()
    {
        foreach (var (path, file) in _wanted)
        {
            FileComparison comparison;
            try
            {
                comparison = FileComparer.CompareInPlace(path, file.Content, _findUnchanged);
            }
            catch (P2PShareException e)
            {
                _faults.Add(new SyncFault(file.Name, e));
                continue;
            }

            switch (comparison)
            {
                case FileComparison.BlockedByFolder:
                    _faults.Add(new SyncFault(path, new P2PShareException(
                        ErrorCode.DestinationInvalid, $"'{path}' is a folder, and '{file.Name}' of '{_group}' is a file. Move the folder away.")));
                    break;
                case FileComparison.Missing:
                    _toReceive.Add(Receive(SyncAction.Receive, file, path));
                    break;
                case FileComparison.Different:
                    _toReceive.Add(Receive(SyncAction.Replace, file, path));
                    break;
                case FileComparison.Unknown:
                    _toHash.Add(new FileToHash(path, file));
                    break;
            }
        }
    }

    /// <summary>Takes the hash of a file of <see cref="ToHash"/> into account.</summary>
    public void Judge(FileToHash file, HashedFile hashed)
    {
        if (FileComparer.IsSame(hashed.Content, file.File.Content))
        {
            _equal.Add((file.File.Name, hashed));
        }
        else
        {
            _toReceive.Add(Receive(SyncAction.Replace, file.File, file.Path));
        }
    }

    private void Want(FileResponse file)
    {
        try
        {
            if (!_wanted.TryAdd(_names.Take(file.Name), file))
            {
                throw new P2PShareException(ErrorCode.DestinationInvalid, $"'{file.Name}' is listed twice in '{_group}': only the first is received.");
            }
        }
        catch (P2PShareException e)
        {
            _faults.Add(new SyncFault(file.Name, e));
        }
    }

    private static SyncChange Receive(SyncAction action, FileResponse file, string path) => new(action, file.Name, path, file.Size)
    {
        Request = new DownloadRequest(file.GroupIdentity, file.Name, file.Content, path, Overwrite: action == SyncAction.Replace)
        {
            Attributes = file.Attributes,
        },
    };
}
