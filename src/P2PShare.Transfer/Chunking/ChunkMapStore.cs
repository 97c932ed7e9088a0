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

    /// <summary>Most maps that are kept. For a new one the oldest goes.</summary>
    public const int MaxCount = 1024;

    /// <summary>Most bytes of all maps together.</summary>
    public const long MaxBytes = 1L << 30;

    private const string Extension = ".map";

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
        && (Find(file.Content) is not null || (await ChunkMapMaker.MakeAsync(file, _clock, cancellationToken).ConfigureAwait(false) is { } map && TryAdd(map)));

    /// <summary>Keeps a map for as long as its content is offered.</summary>
    /// <returns>False if it could not be written.</returns>
    internal bool TryAdd(ChunkMap map)
    {
        lock (_lock)
        {
            try
            {
                PrivateFolder.Ensure(_folder);
                MakeRoom(map.PiecesRoot, map.Bytes.Length);
                PrivateFile.Write(PathOf(map.PiecesRoot), map.Bytes.Span);
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
        var file = new FileInfo(PathOf(piecesRoot));
        return file is { Exists: true, LinkTarget: null, Length: <= ChunkMap.MaxLength } ? (int)file.Length : 0;
    }

    /// <summary>Reads a part of a map.</summary>
    /// <returns>False if there is none, or it ends before.</returns>
    internal bool TryRead(Hash256 piecesRoot, int offset, Span<byte> buffer)
    {
        try
        {
            using var handle = SafeFile.OpenShared(PathOf(piecesRoot));
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
    internal ChunkMap? Find(ContentDescription content)
    {
        try
        {
            return PrivateFile.Read(PathOf(content.PiecesRoot!.Value), ChunkMap.MaxLength) is { } bytes ? ChunkMap.Decode(bytes, content) : null;
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Removes the map of a content that is not offered any more. Does nothing if there is none.</summary>
    internal void Remove(Hash256 piecesRoot)
    {
        lock (_lock)
        {
            TryDelete(PathOf(piecesRoot));
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
                if (file.Extension != Extension || !Hash256.TryParse(Path.GetFileNameWithoutExtension(file.Name), out var root) || !kept.Contains(root))
                {
                    TryDelete(file.FullName);
                }
            }
        }
    }

    private void MakeRoom(Hash256 piecesRoot, long length)
    {
        var others = List().Where(file => file.FullName != PathOf(piecesRoot)).OrderBy(file => file.LastWriteTimeUtc).ToList();
        var bytes = others.Sum(file => file.Length);
        for (var removed = 0; removed < others.Count && (others.Count - removed >= MaxCount || bytes + length > MaxBytes); removed++)
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

    private string PathOf(Hash256 piecesRoot) => Path.Combine(_folder, piecesRoot + Extension);

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
