using System.IO.Compression;
using System.Security.Cryptography;

namespace P2PShare.Cmdlets.Copying;

/// <summary>What a machine without P2PShare needs to be a target: the cmdlets' assembly, the engine, and one platform's native libraries, as a ZIP file.</summary>
/// <param name="Path">Of the file; its name is its hash.</param>
/// <param name="Hash">SHA-256 in lower-case hexadecimal digits.</param>
/// <param name="Length">Bytes.</param>
internal sealed record EnginePackage(string Path, string Hash, long Length)
{
    /// <summary>Files by which a target knows that its installed module is this one.</summary>
    public static readonly string[] Marks = ["P2PShare.Cmdlets.dll", "engine/P2PShare.Transfer.dll", "engine/P2PShare.Protocol.dll"];

    // The same files have the same hash in every copy, so that a target can keep the package.
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes the package of a platform.</summary>
    /// <param name="module">Folder of the module.</param>
    /// <param name="platform">Such as <c>linux-x64</c>.</param>
    /// <param name="folder">Where the package goes.</param>
    public static EnginePackage Create(string module, string platform, string folder)
    {
        var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var file in FindFiles(module, platform))
            {
                var entry = zip.CreateEntry(System.IO.Path.GetFileName(file), CompressionLevel.SmallestSize);
                entry.LastWriteTime = NoTime;
                using var target = entry.Open();
                using var source = File.OpenRead(file);
                source.CopyTo(target);
            }
        }

        var bytes = buffer.ToArray();
        var hash = HashOf(bytes);
        var path = System.IO.Path.Combine(folder, hash);
        File.WriteAllBytes(path, bytes);
        return new EnginePackage(path, hash, bytes.Length);
    }

    public static string HashOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static IEnumerable<string> FindFiles(string module, string platform) =>
        Directory.GetFiles(System.IO.Path.Combine(module, "engine"), "*.dll").Order(StringComparer.Ordinal)
            .Prepend(System.IO.Path.Combine(module, "P2PShare.Cmdlets.dll"))
            .Concat(Directory.GetFiles(System.IO.Path.Combine(module, "tracker", "runtimes", platform, "native")).Order(StringComparer.Ordinal));
}
