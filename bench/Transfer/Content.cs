using System.Globalization;
using System.Security.Cryptography;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Transfer;

/// <summary>The files of a case: random bytes in one folder.</summary>
internal sealed class Content
{
    public const string LargeCase = "large";
    public const string SmallCase = "small";
    public const int SmallLength = 10 * 1024;

    private readonly Dictionary<string, byte[]> _hashes;

    private Content(string @case, string folder, long size, Dictionary<string, byte[]> hashes)
    {
        Case = @case;
        Folder = folder;
        Size = size;
        _hashes = hashes;
    }

    public string Case { get; }

    public string Folder { get; }

    /// <summary>Of all files together, in bytes.</summary>
    public long Size { get; }

    public IReadOnlyCollection<string> Names => _hashes.Keys;

    /// <summary>The only file of the large case.</summary>
    public string Name => _hashes.Keys.Single();

    /// <summary>SHA-256 of the only file of the large case, in lower-case hex.</summary>
    public string Sha256 => Convert.ToHexStringLower(_hashes[Name]);

    public bool IsLarge => Case == LargeCase;

    /// <param name="folder">An empty one.</param>
    public static Content CreateLarge(string folder, long size, CancellationToken cancellationToken) =>
        new(LargeCase, folder, size, new() { ["large.bin"] = RandomFile.Write(Path.Combine(folder, "large.bin"), size, cancellationToken) });

    /// <param name="folder">An empty one.</param>
    public static Content CreateSmall(string folder, int count, CancellationToken cancellationToken)
    {
        var names = Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"file{i:00000}.bin"));
        return new Content(
            SmallCase, folder, (long)count * SmallLength,
            names.ToDictionary(name => name, name => RandomFile.Write(Path.Combine(folder, name), SmallLength, cancellationToken)));
    }

    /// <summary>Compares what a subject received with this.</summary>
    /// <param name="thoroughly">Compare every byte, not only names and lengths.</param>
    /// <exception cref="BenchException">They differ.</exception>
    public void Verify(string folder, bool thoroughly)
    {
        var received = Directory.GetFiles(folder);
        if (received.Length != _hashes.Count || received.Sum(path => new FileInfo(path).Length) != Size)
        {
            throw new BenchException($"received {received.Length} files that are not those sent.");
        }

        foreach (var path in received)
        {
            if (!_hashes.TryGetValue(Path.GetFileName(path), out var hash) || (thoroughly && !Hash(path).SequenceEqual(hash)))
            {
                throw new BenchException($"the received file '{Path.GetFileName(path)}' is not the one sent.");
            }
        }
    }

    private static byte[] Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return SHA256.HashData(stream);
    }
}
