using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;

namespace P2PShare.Transfer.Downloading;

/// <summary>The blocks of a content that local files have somewhere, and for the others what the file that is replaced has at the same offset.</summary>
/// <param name="old">Owned. Null if no file is replaced.</param>
internal sealed class CoveredBytes(LocalCoverage coverage, IReusedBytes? old) : IReusedBytes
{
    public bool Has(long offset, int length)
    {
        for (var leaf = (int)(offset / PieceLength.Block); leaf < coverage.Leaves.Length && leaf * (long)PieceLength.Block < offset + length; leaf++)
        {
            if (coverage.Leaves[leaf])
            {
                return true;
            }
        }

        return old?.Has(offset, length) == true;
    }

    public void Read(long offset, Span<byte> buffer)
    {
        using var reader = new LocalReader(coverage);
        while (!buffer.IsEmpty)
        {
            var leaf = (int)(offset / PieceLength.Block);
            var block = buffer[..(int)Math.Min(buffer.Length, (leaf + 1L) * PieceLength.Block - offset)];
            if (!coverage.Leaves[leaf])
            {
                ReadOld(offset, block);
            }
            else if (!reader.TryRead(offset, block))
            {
                throw new IOException("A local file that had these bytes does not have them any more.");
            }

            buffer = buffer[block.Length..];
            offset += block.Length;
        }
    }

    public void Dispose() => old?.Dispose();

    // Zeros are as good as any other bytes that are not wanted.
    private void ReadOld(long offset, Span<byte> block)
    {
        if (old?.Has(offset, block.Length) == true)
        {
            old.Read(offset, block);
        }
        else
        {
            block.Clear();
        }
    }
}
