using System.Security.Cryptography;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Delta.Updates;

/// <summary>The two versions of a case, and what is true of them.</summary>
internal sealed class Update
{
    private readonly IReadOnlyDictionary<string, byte[]> _hashes;

    private Update(Case @case, string? oldFolder, string newFolder, ChangedBytes changed, ChunkedBytes? chunks, IReadOnlyDictionary<string, byte[]> hashes)
    {
        Case = @case;
        OldFolder = oldFolder;
        NewFolder = newFolder;
        (Changed, Chunks) = (changed, chunks);
        _hashes = hashes;
        Size = Names.Sum(name => new FileInfo(Path.Combine(newFolder, name)).Length);
    }

    public Case Case { get; }

    /// <summary>What a receiver has before; null: nothing.</summary>
    public string? OldFolder { get; }

    /// <summary>What the seed has.</summary>
    public string NewFolder { get; }

    public ChangedBytes Changed { get; }

    /// <summary>Null if there is no old version.</summary>
    public ChunkedBytes? Chunks { get; }

    /// <summary>Paths of the new files in their folder, <c>/</c> between folders.</summary>
    public IEnumerable<string> Names => _hashes.Keys;

    /// <summary>The only file.</summary>
    public string Name => _hashes.Keys.Single();

    /// <summary>Whether it is of many files.</summary>
    public bool IsFolder => Case == Case.BuildFolder;

    /// <summary>Whether receivers are to leave holes in the file.</summary>
    public bool IsSparse => Case == Case.Sparse;

    /// <summary>Bytes of all new files, holes included.</summary>
    public long Size { get; }

    /// <param name="oldFolder">Null: receivers have nothing.</param>
    public static Update Of(Case @case, string? oldFolder, string newFolder, CancellationToken cancellationToken)
    {
        var hashes = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var changed = default(ChangedBytes);
        var chunks = default(ChunkedBytes);
        // Each file may have chunks of any old one.
        var oldChunks = new HashSet<UInt128>();
        foreach (var path in oldFolder is null ? [] : Directory.EnumerateFiles(oldFolder, "*", SearchOption.AllDirectories))
        {
            oldChunks.UnionWith(ChunkedBytes.Read(path, cancellationToken));
        }

        foreach (var path in Directory.EnumerateFiles(newFolder, "*", SearchOption.AllDirectories))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = Path.GetRelativePath(newFolder, path);
            var old = oldFolder is null ? null : Path.Combine(oldFolder, name);
            hashes[name] = Hash(path);
            changed += ChangedBytes.Compare(File.Exists(old) ? old : null, path, cancellationToken);
            chunks += oldFolder is null ? default : ChunkedBytes.Compare(oldChunks, path, cancellationToken);
        }

        return changed.Leaves > 0
            ? new Update(@case, oldFolder, newFolder, changed, oldFolder is null ? null : chunks, hashes)
            : throw new BenchException($"{@case}: the new version is the old one.");
    }

    /// <summary>Compares every byte of what was received with the new version.</summary>
    /// <exception cref="BenchException">They differ.</exception>
    public void Verify(string folder)
    {
        foreach (var (name, hash) in _hashes)
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path) || !Hash(path).AsSpan().SequenceEqual(hash))
            {
                throw new BenchException($"'{name}' was received {(File.Exists(path) ? "with a SHA-256 that is not the new version's" : "under another name, or not at all")}.");
            }
        }
    }

    private static byte[] Hash(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return SHA256.HashData(file);
    }
}
