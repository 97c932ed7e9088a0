using FsCheck;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class BlockCompressorTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly BlockCompressor _compressor;

    public BlockCompressorTests() => _compressor = new BlockCompressor(new CompressionChoice(_clock), _clock);

    public void Dispose() => _compressor.Dispose();

    [Property]
    public void What_was_compressed_is_restored(NonEmptyArray<byte> pattern, byte times)
    {
        byte[] plain = [.. Enumerable.Repeat(pattern.Get, times + 2).SelectMany(bytes => bytes)];
        var packed = new byte[plain.Length];
        var length = _compressor.TryPack(new CompressionTrial(), plain, packed);
        if (length > 0)
        {
            Assert.True(length < plain.Length);
            var restored = new byte[plain.Length];
            _compressor.Unpack(packed.AsSpan(0, length), restored);
            Assert.Equal(plain, restored);
        }
    }

    [Fact]
    public void What_does_not_shrink_is_sent_as_it_is()
    {
        var random = new byte[100_000];
        new Random(1).NextBytes(random);
        Assert.Equal(0, _compressor.TryPack(new CompressionTrial(), random, new byte[100_000]));
        Assert.InRange(_compressor.TryPack(new CompressionTrial(), new byte[100_000], new byte[100_000]), 1, 1000);
    }

    [Property]
    public void Damaged_bytes_are_refused_or_become_as_many_as_announced(byte[] packed, byte count)
    {
        var plain = new byte[count + 1];
        try
        {
            _compressor.Unpack(packed ?? [], plain);
        }
        catch (WireException)
        {
            // A sentence of the protocol, and no other exception.
        }
    }
}
