using System.Runtime.InteropServices;
using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Hashing;

public sealed class Sha256BatchTests
{
    private delegate void HashLanes(ReadOnlySpan<byte> messages, int messageLength, Span<Hash256> hashes);

    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(16 * 1024)]
    public void Each_lane_is_what_the_platform_computes(int messageLength)
    {
        // A processor without such lanes has nothing to compare: the platform's own is what it uses.
        if (Sha256Avx512.IsSupported)
        {
            AssertSame(Sha256Avx512.Hash, Sha256Avx512.Lanes, messageLength);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(57)]
    public void Any_number_of_messages_is_hashed_in_order(int count) => AssertSame(Sha256Batch.Hash, count, 64);

    [Fact]
    public void Hashes_may_be_written_over_the_messages()
    {
        var layer = MemoryMarshal.Cast<byte, Hash256>(RandomNumberGenerator.GetBytes(100 * Hash256.Size)).ToArray();
        var expected = layer.Chunk(2).Select(pair => HashTree.Combine(pair[0], pair[1])).ToArray();

        Sha256Batch.Hash(MemoryMarshal.AsBytes(layer.AsSpan()), Hash256.Size * 2, layer);

        Assert.Equal(expected, layer[..50]);
    }

    private static void AssertSame(HashLanes hash, int count, int messageLength)
    {
        var messages = RandomNumberGenerator.GetBytes(count * messageLength);
        var hashes = new Hash256[count];

        hash(messages, messageLength, hashes);

        Assert.Equal(messages.Chunk(messageLength).Select(message => Hash256.Compute(message)), hashes);
    }
}
