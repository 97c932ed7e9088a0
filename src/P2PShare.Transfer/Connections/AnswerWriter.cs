using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Chunking;

namespace P2PShare.Transfer.Connections;

/// <summary>Makes answers and writes them, within the limit of all uploads. One loop calls it.</summary>
internal sealed class AnswerWriter(WatchedWriter writer, BandwidthLimiter limiter)
{
    /// <summary>Also writes what is no answer.</summary>
    public WatchedWriter Writer => writer;

    /// <summary>Writes a part of a piece layer, or the refusal of it.</summary>
    public async ValueTask WriteHashesAsync(Memory<byte> buffer, IBlockSource source, HashRange range, CancellationToken cancellationToken)
    {
        var layer = source.PieceLayer;
        var length = range.Index + range.Count <= layer.Count
            ? range.Write(buffer.Span, [.. layer.Skip(range.Index).Take(range.Count)])
            : range.Write(buffer.Span, MessageId.HashReject);
        await WriteLimitedAsync(source, buffer[..length], header: length, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes hashes below the piece layer, or the refusal of them.</summary>
    /// <param name="trees">Null: they are refused.</param>
    /// <param name="user">Whose connection it is; empty if that is not known.</param>
    public async ValueTask WriteTreeAsync(
        Memory<byte> buffer, IBlockSource source, TreeRange range, TreeReader? trees, Guid user, CancellationToken cancellationToken)
    {
        var length = range.Write(buffer.Span, MessageId.TreeReject);
        try
        {
            if (trees is not null)
            {
                var hashes = await trees.ReadAsync(source, range, user, cancellationToken).ConfigureAwait(false);
                length = range.Write(buffer.Span, hashes.Span);
            }
        }
        catch (Exception e) when (e is P2PShareException or IOException or ObjectDisposedException)
        {
            source.ReportUnreadable(e);
        }

        await WriteLimitedAsync(source, buffer[..length], header: length, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes a part of a chunk map, or the refusal of it.</summary>
    /// <param name="maps">Null: it is refused.</param>
    public async ValueTask WriteMapAsync(Memory<byte> buffer, IBlockSource source, MapRange range, ChunkMapStore? maps, CancellationToken cancellationToken)
    {
        const int Header = Frame.HeaderLength + MapHeader.Length;
        var root = source.Description.PiecesRoot!.Value;
        var total = maps?.Length(root) ?? 0;
        var count = Math.Min(range.Count, total - range.Offset);
        var length = count > 0 && maps!.TryRead(root, range.Offset, buffer.Span.Slice(Header, count))
            ? new MapHeader(range.Channel, total, range.Offset).Write(buffer.Span, count) + count
            : range.Write(buffer.Span, MessageId.MapReject);
        await WriteLimitedAsync(source, buffer[..length], header: length, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes a block, or the refusal of it.</summary>
    /// <param name="compressor">Null: nothing is compressed.</param>
    /// <param name="acceptsPacked">Whether the other side takes it compressed.</param>
    public async ValueTask WriteBlockAsync(
        Memory<byte> buffer, IBlockSource source, BlockRange range, BlockCompressor? compressor, bool acceptsPacked, CancellationToken cancellationToken)
    {
        var filled = new PieceHeader(range.Channel, range.Piece, range.Begin).Write(buffer.Span, range.Count);
        for (var sent = 0; sent < range.Count;)
        {
            var step = Math.Min(range.Count - sent, buffer.Length - filled);
            try
            {
                source.Read((long)range.Piece * source.Description.PieceLength + range.Begin + sent, buffer.Span.Slice(filled, step));
            }
            catch (Exception e) when (e is P2PShareException or IOException or ObjectDisposedException)
            {
                if (sent == 0)
                {
                    await writer.WriteAsync(buffer[..range.Write(buffer.Span, MessageId.Reject)], cancellationToken).ConfigureAwait(false);
                }

                source.ReportUnreadable(e);
                if (sent > 0)
                {
                    // What was announced cannot be sent, and nothing else can take its place.
                    throw new IOException("A block could not be read to its end.", e);
                }

                return;
            }

            // Only a block that fits into the buffer as a whole.
            if (acceptsPacked && step == range.Count && compressor is not null
                && await TryWritePackedAsync(source, range, buffer.Slice(filled, step), compressor, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            await WriteLimitedAsync(source, buffer[..(filled + step)], header: filled, cancellationToken).ConfigureAwait(false);
            compressor?.Choice.ReportSent(filled + step);
            sent += step;
            filled = 0;
        }
    }

    /// <summary>Writes whole contents, as many as fit.</summary>
    /// <param name="tryTake">Takes the next one that waits.</param>
    public async ValueTask WriteContentsAsync(Memory<byte> buffer, ContentAnswers contents, ContentAnswers.TryTake tryTake, CancellationToken cancellationToken)
    {
        var (length, bytes) = contents.Make(buffer, limiter.SliceLength, tryTake);
        if (length > 0)
        {
            await WriteLimitedAsync(contents, buffer[..length], header: length - bytes, cancellationToken).ConfigureAwait(false);
            contents.ReportSent();
        }
    }

    private async ValueTask<bool> TryWritePackedAsync(
        IBlockSource source, BlockRange range, ReadOnlyMemory<byte> plain, BlockCompressor compressor, CancellationToken cancellationToken)
    {
        if (!compressor.Choice.ShouldTry(source.Compression))
        {
            return false;
        }

        const int Header = Frame.HeaderLength + PackedPieceHeader.Length;
        var frame = ArrayPool<byte>.Shared.Rent(Header + range.Count);
        try
        {
            var packed = compressor.TryPack(source.Compression, plain.Span, frame.AsSpan(Header, range.Count));
            if (packed == 0)
            {
                return false;
            }

            var length = new PackedPieceHeader(range.Channel, range.Piece, range.Begin, range.Count).Write(frame, packed) + packed;
            // All of its plain bytes, before any of it is written: see WriteLimitedAsync.
            source.CountUpload(range.Count);
            await WriteLimitedAsync(source, frame.AsMemory(0, length), header: length, cancellationToken).ConfigureAwait(false);
            compressor.Choice.ReportSent(length);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    /// <param name="header">Bytes that are not of a content; counted as if they were at the beginning.</param>
    private async ValueTask WriteLimitedAsync(IUploadCounter counter, ReadOnlyMemory<byte> bytes, int header, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var slice = bytes[..Math.Min(bytes.Length, limiter.SliceLength)];
            await limiter.WaitAsync(slice.Length, cancellationToken).ConfigureAwait(false);
            // Before the write: the other side may have read the last of it, and closed the channel, before the write returns.
            counter.CountUpload(Math.Max(0, slice.Length - header));
            header = Math.Max(0, header - slice.Length);
            await writer.WriteAsync(slice, cancellationToken).ConfigureAwait(false);
            bytes = bytes[slice.Length..];
        }
    }
}
