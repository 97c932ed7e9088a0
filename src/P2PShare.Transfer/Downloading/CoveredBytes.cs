using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>The blocks of a content that local files have somewhere, and for the others what the file that is replaced has at the same offset.</summary>
/// <param name="old">Owned. Null if no file is replaced.</param>
internal sealed class CoveredBytes(LocalCoverage coverage, IReusedBytes? old, TimeProvider clock) : IReusedBytes
{
    // A disk did not answer in time. Others are not tried either: all that is not read here is fetched.
    private volatile bool _isGivenUp;

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

    public bool TryReflink(IPartFile part, long offset, int length)
    {
        if (_isGivenUp)
        {
            return false;
        }

        try
        {
            using var reader = new LocalReader(coverage, clock);
            return reader.TryReflink(part, offset, length);
        }
        catch (TimeoutException)
        {
            _isGivenUp = true;
            return false;
        }
    }

    public void Read(long offset, Span<byte> buffer)
    {
        using var reader = new LocalReader(coverage, clock);
        while (!buffer.IsEmpty)
        {
            var leaf = (int)(offset / PieceLength.Block);
            var isCovered = coverage.Leaves[leaf];
            // Blocks side by side are read together; of those of the old file each may be the first that it has not.
            var end = leaf + 1;
            while (isCovered && end < coverage.Leaves.Length && coverage.Leaves[end] && end * (long)PieceLength.Block < offset + buffer.Length)
            {
                end++;
            }

            var run = buffer[..(int)Math.Min(buffer.Length, end * (long)PieceLength.Block - offset)];
            if (isCovered)
            {
                ReadLocal(reader, offset, run);
            }
            else
            {
                ReadOld(offset, run);
            }

            buffer = buffer[run.Length..];
            offset += run.Length;
        }
    }

    public IEnumerable<ReusedRange> Locate(long offset, int length)
    {
        for (var end = offset + length; offset < end;)
        {
            var leaf = (int)(offset / PieceLength.Block);
            var until = Math.Min(end, (leaf + 1L) * PieceLength.Block);
            if (!coverage.Leaves[leaf])
            {
                // Behind the end of the old file zeros stand in, and may be right.
                var left = (int)(until - offset);
                foreach (var range in old?.Has(offset, left) == true ? old.Locate(offset, left) : [new ReusedRange(offset, left, null, 0)])
                {
                    yield return range;
                }
            }

            for (var index = coverage.FindRange(offset); coverage.Leaves[leaf] && offset < until; index++)
            {
                var found = coverage.Ranges[index];
                var covered = (int)(Math.Min(until, found.End) - offset);
                yield return new ReusedRange(offset, covered, coverage.Files[found.File].Path, found.FileOffset + offset - found.Offset);
                offset += covered;
            }

            offset = until;
        }
    }

    public void Dispose() => old?.Dispose();

    private void ReadLocal(LocalReader reader, long offset, Span<byte> run)
    {
        try
        {
            if (!_isGivenUp && reader.TryRead(offset, run))
            {
                return;
            }
        }
        catch (TimeoutException e)
        {
            _isGivenUp = true;
            throw new IOException($"A local file that had these bytes cannot be read: {e.Message}", e);
        }

        throw new IOException("A local file that had these bytes does not have them any more.");
    }

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
