using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Sharing;

/// <summary>A hashed file in a temporary folder.</summary>
internal static class SharedFile
{
    public static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static Task<HashedFile> MakeAsync(TemporaryFolder folder, string name, byte[] content)
    {
        var path = Path.Combine(folder.Path, name);
        File.WriteAllBytes(path, content);
        return FileHasher.HashAsync(path, null, CancellationToken.None);
    }
}
