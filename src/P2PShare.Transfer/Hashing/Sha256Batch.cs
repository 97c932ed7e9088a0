using System.Security.Cryptography;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Hashing;

/// <summary>
/// SHA-256 of many messages of one length: as many at once as the processor has lanes for, and the rest, or all on a
/// processor without such lanes, one by one with the platform's own.
/// </summary>
internal static class Sha256Batch
{
    /// <param name="messages">One behind the other.</param>
    /// <param name="messageLength">A multiple of 64.</param>
    /// <param name="hashes">Receives one hash a message, in order; may lie over the messages.</param>
    public static void Hash(ReadOnlySpan<byte> messages, int messageLength, Span<Hash256> hashes)
    {
        var count = messages.Length / messageLength;
        var done = 0;
        if (Sha256Avx512.IsSupported)
        {
            for (; count - done >= Sha256Avx512.Lanes; done += Sha256Avx512.Lanes)
            {
                Sha256Avx512.Hash(messages[(done * messageLength)..], messageLength, hashes[done..]);
            }
        }

        Span<byte> hash = stackalloc byte[Hash256.Size];
        for (; done < count; done++)
        {
            SHA256.HashData(messages.Slice(done * messageLength, messageLength), hash);
            hashes[done] = new Hash256(hash);
        }
    }
}
