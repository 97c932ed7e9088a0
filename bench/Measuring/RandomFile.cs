using System.Security.Cryptography;

namespace P2PShare.Bench.Measuring;

/// <summary>Files of random bytes, which do not compress.</summary>
internal static class RandomFile
{
    private const int BlockLength = 1 << 20;

    /// <returns>SHA-256 of the file.</returns>
    public static byte[] Write(string path, long size, CancellationToken cancellationToken)
    {
        var block = new byte[Math.Min(size, BlockLength)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var left = size; left > 0; left -= block.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = block.AsSpan(0, (int)Math.Min(left, block.Length));
            RandomNumberGenerator.Fill(part);
            hash.AppendData(part);
            file.Write(part);
        }

        return hash.GetHashAndReset();
    }
}
