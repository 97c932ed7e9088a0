using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Chunking;

/// <summary>
/// The chunk maps of what this peer shares and has received: a file for each pieces root in the state folder. A map that is lost costs
/// bytes on the line and nothing else, so that what cannot be kept is left out. Safe for concurrent use.
/// </summary>
public sealed class ChunkMapStore
{
    /// <summary>From this size on, in bytes, a file that replaces another is worth a map unasked: below it the whole travels soon.</summary>
    public const long AutomaticSize = 64 * 1024 * 1024;

    /// <summary>Most maps of what was shared that are kept. For a new one the oldest goes.</summary>
    public const int MaxCount = 1024;

    /// <summary>Most bytes of these maps together.</summary>
    public const long MaxBytes = 1L << 30;

    /// <summary>Most maps that came from sources: they take no room from those that were made here.</summary>
    public const int MaxReceivedCount = 256;

    /// <summary>Most bytes of these maps together.</summary>
    public const long MaxReceivedBytes = 128 * 1024 * 1024;

    private const string Extension = ".map";

    // Of a map that a source sent: nobody knows whether it is right.
    private const string ReceivedExtension = ".received";

    // A map of this age was not just made by another peer server of this user, whose share is about to be committed.
    private static readonly TimeSpan OrphanAge = TimeSpan.FromMinutes(10);

    private readonly StateFolder _state;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly string _folder;
    private readonly Lock _lock = new();

    internal ChunkMapStore(StateFolder state, ILogger logger, TimeProvider clock) =>
        (_state, _logger, _clock, _folder) = (state, logger, clock, Path.Combine(state.Path, "maps"));

    /// <summary>Makes the map of a file that is about to be shared, unless there is one, and keeps it for as long as the content is offered.</summary>
    /// <param name="file">Read once more.</param>
    /// <returns>False if there is none: the content is too small to be worth one, its map would be too long, or the state folder cannot be written.</returns>
    /// <exception cref="P2PShareException">SourceFileChanged, PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public async Task<bool> MakeAsync(HashedFile file, CancellationToken cancellationToken) => ChunkMapMaker.CanHaveMap(file.Content)
        && (Find(file.Content, Extension) is not null || (await ChunkMapMaker.MakeAsync(file, _clock, cancellationToken).ConfigureAwait(false) is { } map && TryAdd(map)));

    /// <summary>Keeps a map for as long as its content is offered.</summary>
    /// <param name="received">Whether a source sent it. One that was made here takes its place.</param>
    /// <returns>False if it could not be written.</returns>
    internal bool TryAdd(ChunkMap map, bool received = false)
    {
        var path = PathOf(map.PiecesRoot, received ? ReceivedExtension : Extension);
        lock (_lock)
        {
            try
            {
                PrivateFolder.Ensure(_folder);
                MakeRoom(path, map.Bytes.Length, received ? (MaxReceivedCount, MaxReceivedBytes) : (MaxCount, MaxBytes));
                PrivateFile.Write(path, map.Bytes.Span);
                if (!received)
                {
                    TryDelete(PathOf(map.PiecesRoot, ReceivedExtension));
                }

                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _logger.ChunkMapNotKept(map.PiecesRoot, e.Message);
                return false;
            }
        }
    }

    /// <summary>Whether there is a map of a content.</summary>
    internal bool Has(Hash256 piecesRoot) => Length(piecesRoot) > 0;

    /// <summary>The length of a content's map in bytes; 0 if there is none.</summary>
    internal int Length(Hash256 piecesRoot)
    {
        var file = new FileInfo(Locate(piecesRoot));
        return file is { Exists: true, LinkTarget: null, Length: <= ChunkMap.MaxLength } ? (int)file.Length : 0;
    }

    /// <summary>Reads a part of a map.</summary>
    /// <returns>False if there is none, or it ends before.</returns>
    internal bool TryRead(Hash256 piecesRoot, int offset, Span<byte> buffer)
    {
        try
        {
            using var handle = SafeFile.OpenShared(Locate(piecesRoot));
            SafeFile.ReadExactly(handle, buffer, offset);
            return true;
        }
        catch (Exception e) when (e is P2PShareException or IOException)
        {
            return false;
        }
    }

    /// <summary>The map of a content.</summary>
    /// <returns>Null if there is none that is one.</returns>
    internal ChunkMap? Find(ContentDescription content) => Find(content, Extension) ?? Find(content, ReceivedExtension);

    /// <summary>Removes the map of a content that this peer does not offer any more, unless a user of the state folder still shares it. Does nothing if there is none.</summary>
    internal void Remove(Hash256 piecesRoot)
    {
        // It may be about to be offered from another file, or by another peer server of this user.
        if (Has(piecesRoot) && !IsShared(piecesRoot))
        {
            lock (_lock)
            {
                TryDelete(PathOf(piecesRoot, Extension));
                TryDelete(PathOf(piecesRoot, ReceivedExtension));
            }
        }
    }

    /// <summary>Removes the maps of contents that no user of the state folder offers; a peer server left them that did not end in order.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    internal void RemoveOrphans()
    {
        if (Directory.Exists(_folder))
        {
            using var known = new KnownContents(_state.Database);
            RemoveOthers(known.GetRoots());
        }
    }

    /// <summary>Removes the maps of all contents but some, except for maps that were just made.</summary>
    internal void RemoveOthers(IReadOnlySet<Hash256> kept)
    {
        lock (_lock)
        {
            var now = _clock.GetUtcNow();
            foreach (var file in List().Where(file => now - file.LastWriteTimeUtc > OrphanAge))
            {
                if (file.Extension is not (Extension or ReceivedExtension) || !Hash256.TryParse(Path.GetFileNameWithoutExtension(file.Name), out var root) || !kept.Contains(root))
                {
                    TryDelete(file.FullName);
                }
            }
        }
    }

    private static ChunkMap? Decode(string path, ContentDescription content)
    {
        try
        {
            return PrivateFile.Read(path, ChunkMap.MaxLength) is { } bytes ? ChunkMap.Decode(bytes, content) : null;
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private bool IsShared(Hash256 piecesRoot)
    {
        try
        {
            using var known = new KnownContents(_state.Database);
            return known.HasRoot(piecesRoot);
        }
        catch (P2PShareException)
        {
            // If it is not, it is removed at the next start.
            return true;
        }
    }

    private void MakeRoom(string path, long length, (int Count, long Bytes) most)
    {
        var others = List().Where(file => file.Extension == Path.GetExtension(path) && file.FullName != path).OrderBy(file => file.LastWriteTimeUtc).ToList();
        var bytes = others.Sum(file => file.Length);
        for (var removed = 0; removed < others.Count && (others.Count - removed >= most.Count || bytes + length > most.Bytes); removed++)
        {
            bytes -= others[removed].Length;
            TryDelete(others[removed].FullName);
        }
    }

    private FileInfo[] List()
    {
        try
        {
            return new DirectoryInfo(_folder) is { Exists: true } folder ? folder.GetFiles() : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private ChunkMap? Find(ContentDescription content, string extension) => Decode(PathOf(content.PiecesRoot!.Value, extension), content);

    // Where the map of a content is, if there is one: that which was made here before that which was received.
    private string Locate(Hash256 piecesRoot) =>
        PathOf(piecesRoot, Extension) is var path && File.Exists(path) ? path : PathOf(piecesRoot, ReceivedExtension);

    private string PathOf(Hash256 piecesRoot, string extension) => Path.Combine(_folder, piecesRoot + extension);

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is removed at the next start.
        }
    }
}
