using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>The shares of the same bytes in other files, which can be offered in place of one that is gone. Safe for concurrent use.</summary>
internal sealed class OtherCopies(ShareStore store)
{
    private readonly ConcurrentDictionary<string, bool> _unreadable = new();

    public void MarkReadable(string path) => _unreadable.TryRemove(path, out _);

    public void MarkUnreadable(string path) => _unreadable[path] = true;

    /// <summary>The shares of a content in other files than one, of which none was found unreadable.</summary>
    /// <param name="path">Full path.</param>
    public List<ShareStore.Share> Find(Hash256 root, string path) =>
        [.. store.GetAll().Where(share => share.File.Content.PiecesRoot == root && share.File.Path != path && !_unreadable.ContainsKey(share.File.Path))];
}
