using System.Security.Cryptography;

namespace P2PShare.Support;

/// <summary>A folder for one test, readable by its user alone, deleted with it.</summary>
internal class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("p2pshare-test-").FullName;

    public string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes a text file.</summary>
    /// <returns>Its path.</returns>
    public string Write(string name, string text)
    {
        File.WriteAllText(Combine(name), text);
        return Combine(name);
    }

    /// <summary>Writes a file of random bytes, and the folders that its name has.</summary>
    /// <returns>Its path.</returns>
    public string WriteRandom(string name, int size)
    {
        var path = Combine(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(size));
        return path;
    }

    public void Dispose()
    {
        Directory.Delete(Path, recursive: true);
        GC.SuppressFinalize(this);
    }
}
